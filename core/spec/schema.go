package spec

import "encoding/json"

// Catalog knows the components that plugins provide. Package plugin
// implements it from what the plugins say of themselves.
type Catalog interface {
	// Component returns what a component's block may say.
	Component(kind, name string) (ComponentSchema, bool)
	// Names lists the components of a kind, sorted.
	Names(kind string) []string
}

// ComponentSchema says what a component's block may say and what its instances can do.
type ComponentSchema struct {
	Body       Schema
	Uses       []string          // kinds it needs a reference to, such as "encoder"
	CanTune    bool              // samplers
	CanFit     bool              // rewards, raters, encoders
	CanCompare bool              // raters
	Losses     map[string]Schema // samplers: the losses they understand, with their options
	Tuning     Schema            // samplers: what else a finetune of them may say
}

// Schema describes the attributes and nested blocks of a body.
type Schema struct {
	Attributes []Attribute
	Blocks     []Block
}

// Attribute is one argument of a body.
type Attribute struct {
	Name     string
	Type     string // "string", "number", "integer", "bool", "list(string)", "list(number)"
	Summary  string
	Required bool
	Default  json.RawMessage // nil: null when absent
	Minimum  *float64
	Maximum  *float64
	OneOf    []string
	Path     bool // a file or directory, resolved beside the HCL file; its digest goes into Spec.Digests
	// Obtain says where what belongs at a Path comes from; for when nothing is there.
	Obtain string
	// Hub lists the files that are read of a model on Hugging Face's hub, where a
	// Path may name one, as package hub has them; empty: it may not.
	Hub []string
}

// Block is a nested block. In the canonical JSON it is an object under its
// type; if it is labelled, an object of objects by label.
type Block struct {
	Type     string
	Labels   []string // the allowed labels; empty: the block takes none
	Summary  string
	Required bool
	Body     Schema
}

// attribute is the one of that name; the zero Attribute if there is none.
func (s Schema) attribute(name string) Attribute {
	for _, a := range s.Attributes {
		if a.Name == name {
			return a
		}
	}
	return Attribute{}
}
