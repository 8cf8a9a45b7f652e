// Package modelconfig reads the config.json of published models, and refuses
// what the reader does not understand. A key that is passed over in silence is
// another model than the one that was published.
package modelconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
)

// Rules are what a reader understands of a configuration, beside the fields of
// the struct that it reads it into.
type Rules struct {
	// Classes are the models that the reader knows, by the value of ClassKey
	// (diffusers' is "_class_name"); empty: the reader does not look at it.
	ClassKey string
	Classes  []string
	// Required are keys without which there is no model.
	Required []string
	// Only are keys for which the reader knows one value alone. Null and an
	// absent key stand for it.
	Only map[string]any
}

// Read reads a file into the struct that into points to; absent keys and nulls
// leave it as it is. Everything that is wrong with the file is in the error.
func Read(path string, into any, rules Rules) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	if err := Decode(text, into, rules); err != nil {
		return fmt.Errorf("read configuration %s: %w", path, err)
	}
	return nil
}

// Decode is Read for a text.
func Decode(text []byte, into any, rules Rules) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	// Another model's keys mean nothing here: its class is all there is to say.
	if err := rules.class(values); err != nil {
		return err
	}
	var wrong []error
	for _, key := range rules.Required {
		if absent(values[key]) {
			wrong = append(wrong, fmt.Errorf("%q is missing", key))
		}
	}
	known := fields(into)
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		value := values[key]
		if absent(value) {
			continue
		}
		if field, ok := known[key]; ok {
			if err := json.Unmarshal(value, field); err != nil {
				wrong = append(wrong, fmt.Errorf("%q is %s: %w", key, value, err))
			}
			continue
		}
		if strings.HasPrefix(key, "_") || key == rules.ClassKey { // about the file
			continue
		}
		only, ok := rules.Only[key]
		switch {
		case !ok:
			wrong = append(wrong, fmt.Errorf("%q is %s: this key is not supported", key, value))
		case !equal(value, only):
			wrong = append(wrong, fmt.Errorf("%q is %s: only %s is supported", key, value, asJSON(only)))
		}
	}
	return errors.Join(wrong...)
}

// class refuses another model than those that are known.
func (r Rules) class(values map[string]json.RawMessage) error {
	if len(r.Classes) == 0 {
		return nil
	}
	var class string
	if value := values[r.ClassKey]; absent(value) {
		return fmt.Errorf("%q is missing, so what this is nobody knows: known are %s", r.ClassKey, strings.Join(r.Classes, ", "))
	} else if err := json.Unmarshal(value, &class); err != nil {
		return fmt.Errorf("%q: %w", r.ClassKey, err)
	}
	if !slices.Contains(r.Classes, class) {
		return fmt.Errorf("this is another model, %q is %q: supported are %s", r.ClassKey, class, strings.Join(r.Classes, ", "))
	}
	return nil
}

// fields are pointers to the fields of the struct, by their names in JSON.
func fields(into any) map[string]any {
	value := reflect.ValueOf(into).Elem()
	found := map[string]any{}
	for i := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			found[name] = value.Field(i).Addr().Interface()
		}
	}
	return found
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
