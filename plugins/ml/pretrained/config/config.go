// Package config reads the config.json of published models, and refuses what the
// reader does not understand: a model with an ignored key is not the published one.
// It does not import gomlx.
package config

import (
	"bytes"
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
	"github.com/plumb-ml/plumb/plugins/sdk/gitlfs"
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
	// Only are keys of which the reader supports one value, for which an absent key
	// stands; null stands for it if it is null, false or nothing of another kind.
	Only map[string]any
	// PerBlock are keys that may have a list of one value for each block of the
	// network, as many as the list under Blocks has. Equal values are as good as one.
	PerBlock []string
	Blocks   string
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
	text, err := File(path)
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
	if known := (sdk.Diagnostic{}); errors.As(err, &known) {
		return none, known
	} else if err != nil {
		return none, fmt.Errorf("read configuration: %w", err)
	}
	c, err := decode(text)
	if err != nil {
		return none, sdk.Diagnostic{Summary: path + " is an unsupported or damaged model configuration", Detail: err.Error()}
	}
	return c, nil
}

// File reads a small file of a published model as text in UTF-8, without the byte
// order mark that some editors put before it. Text in UTF-16 and a pointer of Git LFS
// are diagnostics.
func File(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	switch {
	case gitlfs.Whole(text):
		return nil, sdk.Diagnostic{Summary: "The file " + path + " is not here", Detail: "In its place is a pointer: " + gitlfs.Error{}.Error() + "; or write the model as hf://OWNER/NAME, and plumb download fetches it."}
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return nil, sdk.Diagnostic{Summary: "The file " + path + " is text in UTF-16", Detail: "Files of models are UTF-8: save it so, or fetch it again from where the model is published."}
	}
	return text, nil
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
		err = placed(text, err)
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
		value, err := rules.single(key, values)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		only, fixed := rules.Only[key]
		field, read := known[key]
		switch {
		case absent(value):
			// In Python it is None, which is the default of few keys.
			if !rules.Others && (fixed && !nothing(only) || read && !nullable(field)) && !slices.Contains(rules.Required, key) {
				wrong = append(wrong, fmt.Errorf("%q is null, which is not supported: leave the key out for what is usual", rules.Within+key))
			}
		case read:
			if err := json.Unmarshal(value, field); err != nil {
				wrong = append(wrong, fmt.Errorf("%q is %s: %s", rules.Within+key, shown(value), expected(field, err)))
			}
		case strings.HasPrefix(key, "_") || key == rules.ClassKey: // about the file
		case !fixed && !rules.Others:
			wrong = append(wrong, fmt.Errorf("%q is %s: this key is not supported", rules.Within+key, shown(value)))
		case fixed && !equal(value, only):
			wrong = append(wrong, fmt.Errorf("%q is %s: only %s is supported", rules.Within+key, shown(value), asJSON(only)))
		}
	}
	return errors.Join(wrong...)
}

// single is the value of a key, or the one of which a list for each block is made.
func (r Rules) single(key string, values map[string]json.RawMessage) (json.RawMessage, error) {
	value := values[key]
	var each, blocks []json.RawMessage
	if !slices.Contains(r.PerBlock, key) || json.Unmarshal(value, &each) != nil || len(each) == 0 {
		return value, nil
	}
	if json.Unmarshal(values[r.Blocks], &blocks) == nil && len(blocks) > 0 && len(each) != len(blocks) {
		return nil, fmt.Errorf("%q is %s, and there are %d %s", r.Within+key, shown(value), len(blocks), r.Blocks)
	}
	for _, one := range each {
		if !bytes.Equal(one, each[0]) {
			return nil, fmt.Errorf("%q is %s: the same for every block is supported", r.Within+key, shown(value))
		}
	}
	return each[0], nil
}

// nothing reports whether null says the same as a value.
func nothing(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string, int, float64:
		return false
	}
	return true
}

// nullable reports whether a field can be without a value: a pointer, a text of JSON,
// a type that reads itself, and a switch, which is then off.
func nullable(field any) bool {
	if _, own := field.(json.Unmarshaler); own {
		return true
	}
	switch reflect.TypeOf(field).Elem().Kind() {
	case reflect.Pointer, reflect.Bool, reflect.Map, reflect.Struct:
		return true
	}
	return false
}

// expected says what a field should be that could not be read.
func expected(field any, err error) string {
	if _, own := field.(json.Unmarshaler); own {
		return err.Error()
	}
	t := reflect.TypeOf(field).Elem()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return "it must be " + described(t, "a ", "")
}

func described(t reflect.Type, article, plural string) string {
	switch t.Kind() {
	case reflect.Int:
		return article + "whole number" + plural
	case reflect.Float64:
		return article + "number" + plural
	case reflect.String:
		return article + "text" + plural
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list of " + described(t.Elem(), "", "s")
	}
	return "an object"
}

// longest is how much of a value a message shows.
const longest = 80

// shown is a value in a message: whole, or what kind of value it is.
func shown(value json.RawMessage) string {
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil || len(value) <= longest {
		return string(value)
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil {
		for _, one := range list {
			if absent(one) || !strings.ContainsRune("-0123456789", rune(one[0])) {
				return fmt.Sprintf("a list of %d values", len(list))
			}
		}
		return fmt.Sprintf("a list of %d numbers", len(list))
	}
	if compact.Len() <= longest {
		return compact.String()
	}
	return strings.ToValidUTF8(compact.String()[:longest], "") + "…"
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

// placed says in which line a text is no JSON.
func placed(text []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON: %w, in line %d", err, 1+bytes.Count(text[:min(int64(len(text)), syntax.Offset)], []byte("\n")))
	case errors.As(err, &kind):
		return fmt.Errorf("it is a JSON %s, and should be an object of keys and values", kind.Value)
	}
	return err
}

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
