package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
)

// Schema describes the attributes and nested blocks of an HCL body.
type Schema struct {
	Attributes []Attribute `json:"attributes,omitempty"`
	Blocks     []Block     `json:"blocks,omitempty"`
}

// Attribute is one argument of a body.
type Attribute struct {
	Name     string          `json:"name"`
	Type     Type            `json:"type"`
	Summary  string          `json:"summary,omitempty"` // with its unit and source
	Required bool            `json:"required,omitempty"`
	Default  json.RawMessage `json:"default,omitempty"` // JSON; nil means null when absent
	Minimum  *float64        `json:"minimum,omitempty"` // inclusive, numbers only
	Maximum  *float64        `json:"maximum,omitempty"` // inclusive, numbers only
	OneOf    []string        `json:"one_of,omitempty"`  // strings only
	// When says beside what the argument is read at all: elsewhere, giving it is a
	// mistake, and not a setting without effect. nil: always.
	When *When `json:"when,omitempty"`
	// Path marks a string as a file or directory: the host resolves it beside
	// the HCL file, and puts the digest of its content into the key.
	Path bool `json:"path,omitempty"`
	// Obtain says, of a Path, where what belongs there comes from. It is printed
	// when there is nothing at the path.
	Obtain string `json:"obtain,omitempty"`
	// Hub lets a Path name a model on Hugging Face's hub (hf://owner/name), and
	// lists the files that are read of it: "config.json" must be there,
	// "?merges.txt" may be, and "model.safetensors" is weights in one file or in
	// several with an index. The component gets a directory that holds these files
	// alone; whether they are fetched is the user's decision and the host's work.
	Hub []string `json:"hub,omitempty"`
}

// UnmarshalJSON reads an attribute strictly, as Decode does. A default that is null
// is none.
func (a *Attribute) UnmarshalJSON(text []byte) error {
	type attribute Attribute // without this method
	read, err := Decode[attribute](text)
	if err != nil {
		return err
	}
	if string(read.Default) == "null" {
		read.Default = nil
	}
	*a = Attribute(read)
	return nil
}

// When is a value of another argument of the same body, one of its OneOf.
type When struct {
	Attribute string `json:"attribute"`
	Is        string `json:"is"`
}

// Type is the type of an attribute.
type Type string

// The types of attributes.
const (
	String      Type = "string"
	Number      Type = "number"
	Integer     Type = "integer"
	Bool        Type = "bool"
	StringList  Type = "list(string)"
	NumberList  Type = "list(number)"
	IntegerList Type = "list(integer)"
)

// Element is the type of a list's elements; of what is no list it is the type itself.
func (t Type) Element() Type {
	switch t {
	case StringList:
		return String
	case NumberList:
		return Number
	case IntegerList:
		return Integer
	}
	return t
}

// Block is a nested block, such as auxiliary "prompt_classification" {}. In the
// configuration it is an object under its type; if it is labelled, an object
// of objects by label.
type Block struct {
	Type     string   `json:"type"`
	Labels   []string `json:"labels,omitempty"` // the allowed labels; empty: the block takes none
	Summary  string   `json:"summary,omitempty"`
	Required bool     `json:"required,omitempty"`
	Body     Schema   `json:"body"`
}

// Empty reports whether the body may say nothing.
func (s Schema) Empty() bool { return len(s.Attributes)+len(s.Blocks) == 0 }

// Attribute returns the attribute of a name.
func (s Schema) Attribute(name string) (Attribute, bool) {
	for _, a := range s.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// Change returns a copy with another form of the attribute of a name. If there
// is none, the copy has a mistake with that name in it.
func (s Schema) Change(name string, change func(*Attribute)) Schema {
	s.Attributes = slices.Clone(s.Attributes)
	for i := range s.Attributes {
		if s.Attributes[i].Name == name {
			change(&s.Attributes[i])
			return s
		}
	}
	s.Attributes = append(s.Attributes, Attribute{Name: name, Type: "changed, and not there,"})
	return s
}

// optionName is what the name of an attribute or block may be.
var optionName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// Mistakes are those of the schema itself, not of a body written against it:
// doubled names, unknown types, defaults that do not fit their attribute.
func (s Schema) Mistakes() []string {
	var out []string
	names := map[string]bool{}
	claim := func(name string) {
		if name == "" {
			out = append(out, "an attribute or block has no name")
		} else if !optionName.MatchString(name) {
			out = append(out, fmt.Sprintf("the name %q cannot be written in an experiment: one is of letters, digits, _ and -, and begins with a letter or _", name))
		} else if names[name] {
			out = append(out, fmt.Sprintf("%s is declared twice", name))
		}
		names[name] = true
	}
	for _, a := range s.Attributes {
		claim(a.Name)
		mistakes := a.mistakes()
		if a.When != nil {
			if other, _ := s.Attribute(a.When.Attribute); !slices.Contains(other.OneOf, a.When.Is) {
				mistakes = append(mistakes, fmt.Sprintf("it is read when %s is %q, which that is never", a.When.Attribute, a.When.Is))
			}
		}
		for _, mistake := range mistakes {
			out = append(out, fmt.Sprintf("attribute %s: %s", a.Name, mistake))
		}
	}
	for _, b := range s.Blocks {
		claim(b.Type)
		for _, mistake := range b.Body.Mistakes() {
			out = append(out, fmt.Sprintf("block %s: %s", b.Type, mistake))
		}
	}
	return out
}

func (a Attribute) mistakes() []string {
	var out []string
	numeric := a.Type.Element() == Number || a.Type.Element() == Integer
	textual := a.Type.Element() == String
	if !numeric && !textual && a.Type != Bool {
		return []string{fmt.Sprintf("%q is not a type", a.Type)}
	}
	if (a.Minimum != nil || a.Maximum != nil) && !numeric {
		out = append(out, "only numbers have a minimum or maximum")
	}
	if a.Minimum != nil && a.Maximum != nil && *a.Minimum > *a.Maximum {
		out = append(out, "the minimum is above the maximum")
	}
	if len(a.OneOf) > 0 && !textual {
		out = append(out, "only strings are one of a list")
	}
	if a.Path && a.Type != String {
		out = append(out, "only a string is a path")
	}
	if len(a.Hub) > 0 && !a.Path {
		out = append(out, "only a path names a model on the hub")
	}
	if a.Default == nil {
		return out
	}
	if a.Required {
		out = append(out, "what is required has no default")
	}
	if mistake := a.Refuses(a.Default); mistake != "" {
		out = append(out, fmt.Sprintf("default %s: %s", a.Default, mistake))
	}
	return out
}

// Refuses says why a JSON value does not fit the attribute, or nothing.
func (a Attribute) Refuses(value json.RawMessage) string {
	var decoded any
	if err := json.Unmarshal(value, &decoded); err != nil {
		return "is not JSON: " + err.Error()
	}
	elements := []any{decoded}
	kind := a.Type.Element()
	if kind != a.Type {
		list, ok := decoded.([]any)
		if !ok {
			return "is not a list"
		}
		elements = list
	}
	for _, element := range elements {
		switch v := element.(type) {
		case string:
			if kind != String {
				return fmt.Sprintf("is not a %s", a.Type)
			}
			if len(a.OneOf) > 0 && !slices.Contains(a.OneOf, v) {
				return fmt.Sprintf("is not one of %q", a.OneOf)
			}
		case float64:
			if kind != Number && kind != Integer {
				return fmt.Sprintf("is not a %s", a.Type)
			}
			if kind == Integer && v != math.Trunc(v) {
				return "is not an integer"
			}
			if a.Minimum != nil && v < *a.Minimum {
				return fmt.Sprintf("is below %v", *a.Minimum)
			}
			if a.Maximum != nil && v > *a.Maximum {
				return fmt.Sprintf("is above %v", *a.Maximum)
			}
		case bool:
			if a.Type != Bool {
				return fmt.Sprintf("is not a %s", a.Type)
			}
		default:
			return fmt.Sprintf("is not a %s", a.Type)
		}
	}
	return ""
}
