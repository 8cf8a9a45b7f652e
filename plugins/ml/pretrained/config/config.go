// Package config reads the config.json of published models, and refuses what the
// reader does not understand: a model with an ignored key is not the published one.
// It does not import gomlx.
package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Rules say which keys and values a reader understands, beside the fields of the
// struct that it decodes into.
type Rules struct {
	// Classes are the values of ClassKey that the reader supports (diffusers' key is
	// "_class_name"); empty: any.
	ClassKey string
	Classes  []string
	// Required are the keys that must be there.
	Required []string
	// Only are keys of which the reader supports one value. Null and an absent key
	// stand for it.
	Only map[string]any
	// Others ignores unknown keys. Files of transformers have
	// dozens about training and the generation of text.
	Others bool
	// Within is the path of the keys in the file, such as "text_config.".
	Within string
}

// Read reads a configuration from a file with decode, which usually calls Decode and
// checks the values. Every error is a diagnostic that names the file.
func Read[C any](path string, decode func(text []byte) (C, error)) (C, error) {
	var none C
	directory, name := filepath.Split(filepath.Clean(path))
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		directory = filepath.Clean(directory)
		if _, err := os.Stat(directory); errors.Is(err, fs.ErrNotExist) {
			return none, sdk.Diagnostic{
				Summary: "There is no directory " + directory,
				Detail:  name + " of a published model should be in it. A relative path starts at the experiment's file.",
			}
		}
		return none, sdk.Diagnostic{
			Summary: "No " + name + " in " + directory,
			Detail:  "The directory must be that of a published model, in the layout of Hugging Face's libraries. Copy the file from where the weights are published.",
		}
	}
	if err != nil {
		return none, fmt.Errorf("read configuration: %w", err)
	}
	c, err := decode(text)
	if err != nil {
		return none, sdk.Diagnostic{Summary: path + " is an unsupported or damaged model configuration", Detail: err.Error()}
	}
	return c, nil
}

// infinity is how Python writes an infinity, which JSON does not have.
var infinity = regexp.MustCompile(`: -?Infinity\b`)

// Decode reads a text into the struct that into points to, embedded structs
// included. Absent keys and nulls leave it as it is; an infinity stands for no
// bound, and is a null. The error holds all mistakes.
func Decode(text []byte, into any, rules Rules) error {
	text = infinity.ReplaceAll(text, []byte(": null"))
	var values map[string]json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		if rules.Within != "" {
			err = fmt.Errorf("%q: %w", strings.TrimSuffix(rules.Within, "."), err)
		}
		return err
	}
	// The keys of another model are not mistakes: its class is the only one.
	if err := rules.class(values); err != nil {
		return err
	}
	var wrong []error
	for _, key := range rules.Required {
		if absent(values[key]) {
			wrong = append(wrong, fmt.Errorf("%q is missing", rules.Within+key))
		}
	}
	known := fields(into)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values[key]
		if absent(value) {
			continue
		}
		if field, ok := known[key]; ok {
			if err := json.Unmarshal(value, field); err != nil {
				wrong = append(wrong, fmt.Errorf("%q is %s: %w", rules.Within+key, value, err))
			}
			continue
		}
		if strings.HasPrefix(key, "_") || key == rules.ClassKey { // about the file
			continue
		}
		only, ok := rules.Only[key]
		switch {
		case !ok && !rules.Others:
			wrong = append(wrong, fmt.Errorf("%q is %s: this key is not supported", rules.Within+key, value))
		case ok && !equal(value, only):
			wrong = append(wrong, fmt.Errorf("%q is %s: only %s is supported", rules.Within+key, value, asJSON(only)))
		}
	}
	return errors.Join(wrong...)
}

// class refuses models that are not supported.
func (r Rules) class(values map[string]json.RawMessage) error {
	if len(r.Classes) == 0 {
		return nil
	}
	var class string
	if value := values[r.ClassKey]; absent(value) {
		return fmt.Errorf("%q is missing, so the model class is unknown; supported: %s", r.ClassKey, strings.Join(r.Classes, ", "))
	} else if err := json.Unmarshal(value, &class); err != nil {
		return fmt.Errorf("%q: %w", r.ClassKey, err)
	}
	if !slices.Contains(r.Classes, class) {
		return fmt.Errorf("this is another model, %q is %q; supported: %s", r.ClassKey, class, strings.Join(r.Classes, ", "))
	}
	return nil
}

// fields are pointers to the fields of the struct, by their names in JSON.
func fields(into any) map[string]any {
	value := reflect.ValueOf(into).Elem()
	found := map[string]any{}
	for i := range value.NumField() {
		if value.Type().Field(i).Anonymous {
			maps.Copy(found, fields(value.Field(i).Addr().Interface()))
			continue
		}
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			found[name] = value.Field(i).Addr().Interface()
		}
	}
	return found
}

// Mistakes collects all that is wrong with the values of a configuration.
type Mistakes []error

// Addf adds a mistake.
func (m *Mistakes) Addf(format string, arguments ...any) {
	*m = append(*m, fmt.Errorf(format, arguments...))
}

// Err is the list as an error, one a line; nil if it is empty.
func (m Mistakes) Err() error { return errors.Join(m...) }

func absent(value json.RawMessage) bool { return value == nil || string(value) == "null" }

func equal(value json.RawMessage, want any) bool {
	var a, b any
	return json.Unmarshal(value, &a) == nil && json.Unmarshal(asJSON(want), &b) == nil && reflect.DeepEqual(a, b)
}

// asJSON writes a value of Rules, which always has a form in JSON.
func asJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
