package spec

var computeSchema = Schema{Attributes: []Attribute{
	{Name: "backend", Type: "string", Default: []byte(`"auto"`), OneOf: []string{"auto", "go", "xla:cpu", "xla:cuda"}, Summary: "what computes tensors"},
}}

// computeBlock decodes
//
//	compute {
//	  backend = "auto"
//	}
func (l *loader) computeBlock() {
	l.spec.Compute = Compute{Backend: "auto"}
	block := l.once(l.blocks["compute"])
	if block == nil {
		return
	}
	arguments := l.decode(block.Body, form{schema: computeSchema})
	l.spec.Compute = Compute{Backend: arguments.text("backend"), Range: FromRange(block.DefRange)}
}
