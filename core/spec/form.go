package spec

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// form is what a body may say: plain arguments and blocks by a schema (the
// same kind of schema that plugins describe their components with), and what
// no schema covers and the caller decodes: values (references, mostly), where
// null is as good as absent, expressions that are not evaluated here, and blocks.
type form struct {
	schema Schema
	// apart are other schemas of the same body, such as a component's own: what
	// they take goes into a configuration of their own. A name that the form takes
	// already, or a schema before, is not theirs.
	apart       []Schema
	values      []Value
	expressions []Value
	blocks      []nested
	open        bool // not all that the body takes is known: the rest is passed over
}

// Value is an argument that no schema covers: a reference to other blocks, or an
// expression.
type Value struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
	Takes    string `json:"takes"` // as it is written, such as "images.NAME, or a list of them"
	Summary  string `json:"summary"`
}

// nested is a block that a file or another block may hold.
type nested struct {
	Type    string
	Labels  []string // what each of its labels is, such as "name"
	Summary string
	Many    bool // there may be several; of labelled ones there may be in any case
	form    form
	// own is where further arguments come from, such as a component's description.
	own     string
	example string
}

// header is the block in HCL's words.
func (n nested) header() hcl.BlockHeaderSchema {
	return hcl.BlockHeaderSchema{Type: n.Type, LabelNames: n.Labels}
}

// bodySchema is the form in HCL's words.
func (f form) bodySchema() *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for _, block := range f.blocks {
		schema.Blocks = append(schema.Blocks, block.header())
	}
	for _, attribute := range slices.Concat(f.values, f.expressions) {
		// What is missing is for decode to report: it knows what is expected.
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: attribute.Name})
	}
	for _, one := range f.schemas() {
		for _, attribute := range one.Attributes {
			schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: attribute.Name})
		}
		for _, block := range one.Blocks {
			header := hcl.BlockHeaderSchema{Type: block.Type}
			if len(block.Labels) > 0 {
				header.LabelNames = []string{"name"}
			}
			schema.Blocks = append(schema.Blocks, header)
		}
	}
	return schema
}

// schemas are the form's own and those apart, without what is taken by those
// before: the caller comes first.
func (f form) schemas() []Schema {
	taken := map[string]bool{}
	for _, attribute := range slices.Concat(f.values, f.expressions) {
		taken[attribute.Name] = true
	}
	for _, block := range f.blocks {
		taken[block.Type] = true
	}
	var all []Schema
	for _, schema := range append([]Schema{f.schema}, f.apart...) {
		var free Schema
		for _, attribute := range schema.Attributes {
			if !taken[attribute.Name] {
				free.Attributes = append(free.Attributes, attribute)
			}
		}
		for _, block := range schema.Blocks {
			if !taken[block.Type] {
				free.Blocks = append(free.Blocks, block)
			}
		}
		for _, attribute := range free.Attributes {
			taken[attribute.Name] = true
		}
		for _, block := range free.Blocks {
			taken[block.Type] = true
		}
		all = append(all, free)
	}
	return all
}

// explain adds what the body takes to HCL's complaints about what it does not.
func (f form) explain(diagnostics hcl.Diagnostics) hcl.Diagnostics {
	schema := f.bodySchema()
	var takes []string
	for _, attribute := range schema.Attributes {
		takes = append(takes, attribute.Name)
	}
	slices.Sort(takes)
	for _, d := range diagnostics {
		unknown := d.Summary == "Unsupported argument" || d.Summary == "Extraneous JSON object property"
		if !unknown || strings.Contains(d.Detail, "Did you mean") {
			continue
		}
		if len(takes) == 0 {
			d.Detail += " This block takes no arguments."
		} else {
			d.Detail += " This block takes " + strings.Join(takes, ", ") + "."
		}
	}
	return diagnostics
}
