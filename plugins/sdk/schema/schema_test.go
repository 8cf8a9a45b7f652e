package schema

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSchemaMistakes(t *testing.T) {
	zero, one := 0.0, 1.0
	for name, test := range map[string]struct {
		attribute Attribute
		want      string // a part of the one mistake; empty: none
	}{
		"fine":                {Attribute{Name: "a", Type: Number, Default: json.RawMessage("0.5"), Minimum: &zero, Maximum: &one}, ""},
		"list":                {Attribute{Name: "a", Type: StringList, Default: json.RawMessage(`["x"]`), OneOf: []string{"x", "y"}}, ""},
		"no name":             {Attribute{Type: Bool}, "no name"},
		"type":                {Attribute{Name: "a", Type: "float"}, `"float" is not a type`},
		"default's type":      {Attribute{Name: "a", Type: Number, Default: json.RawMessage(`"x"`)}, "is not a number"},
		"default no list":     {Attribute{Name: "a", Type: NumberList, Default: json.RawMessage(`1`)}, "is not a list"},
		"default too small":   {Attribute{Name: "a", Type: Number, Default: json.RawMessage("-1"), Minimum: &zero}, "below 0"},
		"default too large":   {Attribute{Name: "a", Type: Number, Default: json.RawMessage("2"), Maximum: &one}, "above 1"},
		"default not integer": {Attribute{Name: "a", Type: Integer, Default: json.RawMessage("0.5")}, "not an integer"},
		"list's default":      {Attribute{Name: "a", Type: IntegerList, Default: json.RawMessage("[1, 0.5]")}, "not an integer"},
		"name":                {Attribute{Name: "a b", Type: Bool}, "cannot be written"},
		"default not one of":  {Attribute{Name: "a", Type: String, Default: json.RawMessage(`"z"`), OneOf: []string{"x"}}, "not one of"},
		"default not JSON":    {Attribute{Name: "a", Type: String, Default: json.RawMessage(`z`)}, "not JSON"},
		"required default":    {Attribute{Name: "a", Type: Bool, Required: true, Default: json.RawMessage("true")}, "required"},
		"bounds":              {Attribute{Name: "a", Type: Number, Minimum: &one, Maximum: &zero}, "minimum is above"},
		"bounds of a string":  {Attribute{Name: "a", Type: String, Minimum: &one}, "only numbers"},
		"hub":                 {Attribute{Name: "a", Type: String, Hub: []string{"config.json"}}, "hub"},
		"path":                {Attribute{Name: "a", Type: Number, Path: true}, "path"},
	} {
		t.Run(name, func(t *testing.T) {
			hasMistake(t, Schema{Attributes: []Attribute{test.attribute}}.Mistakes(), test.want)
		})
	}
	twice := []Attribute{{Name: "a", Type: Bool}, {Name: "a", Type: Bool}}
	hasMistake(t, Schema{Blocks: []Block{{Type: "b", Body: Schema{Attributes: twice}}}}.Mistakes(), "block b: a is declared twice")
	hasMistake(t, Schema{Attributes: twice[:1], Blocks: []Block{{Type: "a"}}}.Mistakes(), "a is declared twice")
}

// hasMistake wants one mistake with these words, or none.
func hasMistake(t *testing.T, got []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) > 0:
		t.Errorf("got %q, want no mistake", got)
	case want != "" && (len(got) != 1 || !strings.Contains(got[0], want)):
		t.Errorf("got %q, want one mistake with %q", got, want)
	}
}

func TestAttribute(t *testing.T) {
	s := Schema{Attributes: []Attribute{{Name: "a", Type: Bool}, {Name: "b", Type: Number}}}
	if b, ok := s.Attribute("b"); !ok || b.Type != Number {
		t.Errorf("got %+v, %v", b, ok)
	}
	if _, ok := s.Attribute("c"); ok {
		t.Error("there is no c")
	}
}
