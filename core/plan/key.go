package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// Environment is what computes, as far as results depend on it.
type Environment struct {
	Backend   string            // as it was resolved, never "auto"
	Device    string            // its kind, such as "cpu" or "NVIDIA H200"
	Compiler  string            // what makes code for the device, and for which kind of it; empty if nothing does
	DType     string            // of the models' arithmetic, such as "float32"
	Libraries map[string]string // versions of what computes, by module path
}

// KeyParts lists what a node's key is made of, in order. The second result is
// false if the digest of an input is not known yet.
//
// A stage that Plumb does by itself has no lines about a compute backend: its
// arithmetic is the same everywhere. The versions of the libraries are those
// of built-in components; a third party's are in what it says of itself.
func KeyParts(node *Node, environment Environment, digest func(Input) (string, bool)) ([]record.KeyPart, bool) {
	config, err := canonical(node.Work)
	if err != nil {
		panic(fmt.Sprintf("plan: configuration of %s: %v", node.Name, err)) // Work is made of plain types
	}
	kind, version := node.Work.kind()
	parts := []record.KeyPart{{Name: "stage", Value: string(kind) + " " + version}}
	if work, ok := node.Work.(MeasureWork); ok {
		parts = append(parts, record.KeyPart{Name: "measure", Value: string(work.Measure())})
	}
	parts = append(parts, record.KeyPart{Name: "config", Value: string(config)})
	if asking := node.Asks(); asking != nil {
		parts = append(parts, record.KeyPart{Name: "people", Value: asking.answers()})
	}
	if node.Seed != 0 {
		parts = append(parts, record.KeyPart{Name: "seed", Value: fmt.Sprintf("%016x", node.Seed)})
	}
	if node.Instance != nil {
		parts = append(parts, instanceParts(node.Instance)...)
	}
	for _, input := range node.Inputs {
		value, ok := digest(input)
		if !ok {
			return nil, false
		}
		parts = append(parts, record.KeyPart{Name: "input " + input.Role, Value: value, Input: true})
	}
	if node.Instance != nil {
		parts = append(parts,
			record.KeyPart{Name: "dtype", Value: environment.DType}, computePart(environment))
		if environment.Compiler != "" {
			parts = append(parts, record.KeyPart{Name: "compiler", Value: environment.Compiler})
		}
		if node.Instance.Identity.Builtin() {
			parts = append(parts, record.KeyPart{Name: "libraries", Value: libraryLine(environment.Libraries)})
		}
	}
	return parts, true
}

func computePart(environment Environment) record.KeyPart {
	return record.KeyPart{Name: "compute", Value: strings.TrimSpace(environment.Backend + " " + environment.Device)}
}

func instanceParts(instance *Instance) []record.KeyPart {
	name := instance.Kind
	who := fmt.Sprintf("%s %s version %s", instance.Identity.Plugin, instance.Component, instance.Identity.CodeVersion)
	parts := []record.KeyPart{{Name: name, Value: who}}
	if !instance.Identity.Builtin() {
		parts = append(parts, pluginParts(instance.Identity)...)
	}
	if input := instance.Identity.Input; input != nil {
		parts = append(parts, record.KeyPart{Name: name + " input", Value: input.String()})
	}
	return append(parts,
		record.KeyPart{Name: name + " config", Value: string(instance.KeyConfig)},
		record.KeyPart{Name: name + " seed", Value: fmt.Sprintf("%016x", instance.Seed)})
}

// mostContents is how many files of a plugin a key lists. Of one that has more it has
// their number alone: the digest is of all.
const mostContents = 100

// pluginParts are what a third party's answers depend on: the content of all that the
// plugin is made of, the interpreter and packages that it reports, and what its block
// says of device and numbers.
func pluginParts(of spec.Identity) []record.KeyPart {
	parts := []record.KeyPart{{Name: "plugin", Value: "sha256 " + of.SHA256}}
	if len(of.Contents) > mostContents {
		parts = append(parts, record.KeyPart{Name: "plugin files", Value: fmt.Sprint(len(of.Contents))})
	} else {
		for _, line := range of.Contents {
			name, value, _ := strings.Cut(line, "  ")
			parts = append(parts, record.KeyPart{Name: "plugin " + name, Value: value})
		}
	}
	if len(of.Environment) > 0 {
		parts = append(parts, record.KeyPart{Name: "plugin environment", Value: libraryLine(of.Environment)})
	}
	for _, name := range slices.Sorted(maps.Keys(of.Variables)) {
		parts = append(parts, record.KeyPart{Name: "plugin variable " + name, Value: of.Variables[name]})
	}
	if of.Device != "" {
		kind, _, _ := strings.Cut(of.Device, ":")
		parts = append(parts, record.KeyPart{Name: "plugin device", Value: kind})
	}
	if of.DType != "" {
		parts = append(parts, record.KeyPart{Name: "plugin dtype", Value: of.DType})
	}
	return parts
}

func libraryLine(libraries map[string]string) string {
	var names []string
	for name := range libraries {
		names = append(names, name)
	}
	sort.Strings(names)
	var words []string
	for _, name := range names {
		words = append(words, name+" "+libraries[name])
	}
	return strings.Join(words, ", ")
}

// canonical is JSON with sorted keys, without spaces, with numbers as they
// were written.
func canonical(value any) (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	encoded := bytes.TrimSpace(out.Bytes())
	if sorted(encoded) { // as types are whose fields stand in the order of their names
		return encoded, nil
	}
	return canonicalJSON(encoded, nil)
}

// sorted reports whether the keys of every object of an encoder's JSON ascend. It may
// deny it of keys that are written with escapes.
func sorted(text []byte) bool {
	type level struct {
		object bool
		last   []byte // its last key; nil: none yet
	}
	var levels []level
	key := false // what comes next is the key of an object
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			key = text[i] == '{'
			levels = append(levels, level{object: key})
		case '}', ']':
			levels = levels[:len(levels)-1]
			key = false
		case ',':
			key = levels[len(levels)-1].object
		case '"':
			begin := i + 1
			for i = begin; text[i] != '"'; i++ {
				if text[i] == '\\' {
					if key {
						return false
					}
					i++
				}
			}
			if !key {
				continue
			}
			top := &levels[len(levels)-1]
			if top.last != nil && bytes.Compare(top.last, text[begin:i]) >= 0 {
				return false
			}
			top.last, key = text[begin:i], false
		}
	}
	return true
}

// canonicalJSON sorts keys and replaces strings that stand in replace.
func canonicalJSON(raw json.RawMessage, replace map[string]string) (json.RawMessage, error) {
	if len(raw) == 0 {
		return json.RawMessage("{}"), nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(replaceStrings(decoded, replace)); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

func replaceStrings(value any, replace map[string]string) any {
	switch value := value.(type) {
	case string:
		if other, ok := replace[value]; ok {
			return other
		}
	case []any:
		for i := range value {
			value[i] = replaceStrings(value[i], replace)
		}
	case map[string]any:
		for key := range value {
			value[key] = replaceStrings(value[key], replace)
		}
	}
	return value
}
