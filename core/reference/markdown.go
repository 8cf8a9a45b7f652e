package reference

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/wordwrap"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// WriteMarkdown writes the whole reference as one page.
func (r Reference) WriteMarkdown(out io.Writer) error {
	var page bytes.Buffer
	m := markdown{&page}
	m.print("# The language\n\nThe blocks of an experiment, word by word. `plumb reference` has the same in the\nterminal, `plumb reference WORD` a part of it, and `plumb plugins FILE` what a third\nparty's components take. The code decodes by what this page is written from.\n")
	m.topics(r, false)
	m.print("\n## Blocks of an experiment\n")
	for _, block := range r.Experiment {
		m.construct(block)
	}
	m.print("\n## A file of its own\n")
	m.construct(r.Ablation)
	m.print("\n## Components\n")
	for _, component := range r.Components {
		m.component(component)
	}
	m.topics(r, true)
	_, err := out.Write(page.Bytes())
	return err
}

// markdown writes a page.
type markdown struct{ w *bytes.Buffer }

func (m markdown) print(format string, arguments ...any) {
	fmt.Fprintf(m.w, format, arguments...)
}

// topics writes those that come before the blocks, or the last ones.
func (m markdown) topics(r Reference, last bool) {
	for _, topic := range r.Topics {
		if topic.last != last {
			continue
		}
		m.print("\n## %s\n", topic.Title)
		for _, paragraph := range topic.Text {
			m.paragraph(paragraph)
		}
		language := "hcl"
		if strings.HasPrefix(strings.TrimSpace(topic.Example), "{") {
			language = "json"
		}
		m.code(language, topic.Example)
		switch topic.Name {
		case TopicFunctions:
			m.functions(r.Functions)
		case TopicMetrics:
			m.metrics(r.Metrics)
		}
	}
}

func (m markdown) paragraph(words string) {
	if words != "" {
		m.print("\n%s\n", strings.Join(wordwrap.Lines(words, 88), "\n"))
	}
}

func (m markdown) code(language, example string) {
	if example != "" {
		m.print("\n```%s\n%s\n```\n", language, strings.TrimSpace(example))
	}
}

// cells writes a row of a table.
func (m markdown) cells(cells ...string) {
	for i := range cells {
		cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "|", `\|`)
	}
	m.print("| %s |\n", strings.Join(cells, " | "))
}

func (m markdown) table(heads ...string) {
	m.print("\n")
	m.cells(heads...)
	m.print("|%s\n", strings.Repeat("---|", len(heads)))
}

func (m markdown) construct(c spec.Construct) {
	m.print("\n### `%s`\n", head(c))
	m.paragraph(sentence(c.Summary))
	m.body(c, "")
	if c.Own != "" {
		m.paragraph("And " + c.Own + ".")
	}
	m.code("hcl", c.Example)
}

// body writes the tables of what may stand in a block; within says in which, if it
// stands in others itself.
func (m markdown) body(c spec.Construct, within string) {
	if len(c.Values)+len(c.Schema.Attributes) > 0 {
		m.table("argument", "takes", "is")
		for _, value := range c.Values {
			m.cells("`"+value.Name+"`", ofValue(value), value.Summary)
		}
		m.attributes("", c.Schema)
	}
	for _, inner := range c.Blocks {
		words := fmt.Sprintf("`%s` in `%s`: %s", head(inner), within+c.Type, inner.Summary)
		if inner.Many {
			words += "; there may be several"
		}
		m.paragraph(words + ".")
		m.body(inner, within+c.Type+" ")
		if inner.Own != "" {
			m.paragraph("And " + inner.Own + ".")
		}
	}
}

// attributes writes the rows of a schema, those of its blocks behind their names.
func (m markdown) attributes(prefix string, body schema.Schema) {
	for _, a := range body.Attributes {
		m.cells("`"+prefix+a.Name+"`", ofAttribute(a), a.Summary)
	}
	for _, b := range body.Blocks {
		m.cells("`"+prefix+headOf(b)+" { }`", "block", b.Summary)
		m.attributes(prefix+b.Type+" · ", b.Body)
	}
}

func (m markdown) component(c schema.Component) {
	m.print("\n### %s `%s`\n", c.Kind, c.Name)
	m.paragraph(abilities(c))
	m.schema(c.Schema)
	if !c.Tuning.Empty() {
		m.paragraph("In a `finetune` of it:")
		m.schema(c.Tuning)
	}
	for _, loss := range c.Losses {
		m.paragraph(fmt.Sprintf("`loss \"%s\"`: %s", loss.Name, ofLoss(loss)))
		m.schema(loss.Schema)
	}
}

func (m markdown) schema(body schema.Schema) {
	if !body.Empty() {
		m.table("argument", "takes", "is")
		m.attributes("", body)
	}
}

func (m markdown) functions(all []spec.Function) {
	group := ""
	for _, f := range all {
		if f.Group != group {
			group = f.Group
			m.paragraph("Of " + group + ":")
			m.table("function", "is", "example")
		}
		m.cells("`"+f.Name+"`", f.Summary, "`"+f.Call+"`")
	}
}

func (m markdown) metrics(all []Metric) {
	m.table("`metric.`", "of the measure", "needs")
	for _, metric := range all {
		m.cells("`"+metric.Name+"`", metric.Measure, metric.Needs)
	}
}
