package spec

// defaultSeed is the seed of an experiment that names none.
const defaultSeed = 1

var experimentSchema = Schema{Attributes: []Attribute{
	{Name: "description", Type: "string", Default: []byte(`""`), Summary: "what it is, for people"},
	{Name: "seed", Type: "integer", Minimum: number(0), Default: []byte(`1`), Summary: "what every random choice is derived from"},
}}

// experimentBlock decodes the block that every experiment has once:
//
//	experiment "lee2023" {
//	  description = "Lee et al. 2023 in the world of shapes"
//	  seed        = var.seed
//	}
func (l *loader) experimentBlock() {
	block := l.once(l.blocks["experiment"])
	if block == nil {
		l.error(l.body.MissingItemRange(), "No experiment block",
			"A file that is run begins with a block that names the experiment:\n  experiment \"name\" {\n    seed = 1\n  }")
		return
	}
	l.identifier(block.Labels[0], block.LabelRanges[0])
	arguments := l.decode(block.Body, form{schema: experimentSchema})
	l.spec.Name = block.Labels[0]
	l.spec.Description = arguments.text("description")
	l.spec.Seed = arguments.unsigned("seed")
}

// number returns a pointer to a number, as the bounds of schemas are written.
func number(n float64) *float64 { return &n }
