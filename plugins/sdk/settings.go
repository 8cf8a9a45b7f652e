package sdk

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Settings derives a Schema from the struct that Decode fills, so that a setting
// is written once: its JSON name, its Go type, and its default, which is the
// field's value. What a type cannot say stands in tags:
//
//	type config struct {
//		Scale   float64 `json:"scale" plumb:"min=0" help:"Factor of the cosine."`
//		Solver  string  `json:"solver" plumb:"one_of=ddim|euler" help:"..."`
//		Weights string  `json:"weights" plumb:"path,optional" help:"..."`
//	}
//
//	Schema: sdk.Settings(config{Scale: 100, Solver: "ddim"})
//
// The words of the tag plumb are required, optional (null when absent, in place
// of a default), path, min=, max= and one_of=a|b. Fields may be strings, bools,
// float64, int, []string and []float64, and embedded structs of these. What a
// tag has no word for is set on the Schema afterwards (Schema.Change).
//
// A field of another type and a word that is not known become a type that
// Plugin.Validate refuses with the field's name.
func Settings[T any](defaults T) Schema {
	return Schema{Attributes: attributesOf(reflect.ValueOf(defaults))}
}

func attributesOf(v reflect.Value) []Attribute {
	var out []Attribute
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			out = append(out, attributesOf(v.Field(i))...)
			continue
		}
		out = append(out, attributeOf(field, v.Field(i)))
	}
	return out
}

// attributeTypes are the Go types that a setting may have.
var attributeTypes = map[reflect.Type]Type{
	reflect.TypeFor[string]():    TypeString,
	reflect.TypeFor[float64]():   TypeNumber,
	reflect.TypeFor[int]():       TypeInteger,
	reflect.TypeFor[bool]():      TypeBool,
	reflect.TypeFor[[]string]():  TypeStringList,
	reflect.TypeFor[[]float64](): TypeNumberList,
	reflect.TypeFor[[]int]():     TypeIntegerList,
}

func attributeOf(field reflect.StructField, value reflect.Value) Attribute {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	a := Attribute{Name: name, Summary: field.Tag.Get("help")}
	var ok bool
	if a.Type, ok = attributeTypes[field.Type]; !ok {
		a.Type = Type(fmt.Sprintf("%s of field %s", field.Type, field.Name))
		return a
	}
	optional := false
	for word := range strings.SplitSeq(field.Tag.Get("plumb"), ",") {
		key, argument, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "":
		case "required":
			a.Required = true
		case "optional":
			optional = true
		case "path":
			a.Path = true
		case "min":
			a.Minimum, err = bound(argument)
		case "max":
			a.Maximum, err = bound(argument)
		case "one_of":
			a.OneOf = strings.Split(argument, "|")
		default:
			err = strconv.ErrSyntax
		}
		if err != nil {
			a.Type = Type(fmt.Sprintf("%s with the tag %s", a.Type, word))
			return a
		}
	}
	if !a.Required && !optional {
		text, err := json.Marshal(value.Interface())
		if err != nil || string(text) == "null" { // NaN, or a list that is nil
			return a
		}
		a.Default = text
	}
	return a
}

func bound(text string) (*float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	return &value, err
}

// Decode reads an OpenRequest's Config. A setting that T has no field for is an
// error: its schema says what nobody reads.
func Decode[T any](config json.RawMessage) (T, error) {
	out, err := schema.Decode[T](config)
	if err != nil {
		return out, fmt.Errorf("read configuration: %w", err)
	}
	return out, nil
}
