package reference

import (
	"fmt"
	"io"
	"strings"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/wordwrap"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Style says how the reference is written for a terminal.
type Style struct {
	Width int
	Bold  func(text string) string
}

// named is the width of the column of names.
const named = 21

// WriteText writes the reference for a terminal.
func (r Reference) WriteText(w io.Writer, style Style) {
	t := text{w: w, style: style}
	for _, topic := range r.Topics {
		t.heading(topic.Title)
		for i, paragraph := range topic.Text {
			if i > 0 {
				fmt.Fprintln(t.w)
			}
			t.paragraph(2, paragraph)
		}
		t.example(topic.Example)
	}
	for _, block := range r.Experiment {
		t.construct(block)
	}
	if r.Ablation.Type != "" {
		t.construct(r.Ablation)
	}
	for _, component := range r.Components {
		t.component("", component)
	}
	group := ""
	for _, f := range r.Functions {
		if f.Group != group {
			group = f.Group
			t.heading("Functions of " + group)
		}
		t.row(2, f.Name, f.Summary+"; "+f.Call)
	}
	measure := ""
	for _, metric := range r.Metrics {
		if metric.Measure != measure {
			measure = metric.Measure
			t.heading(measure)
			t.paragraph(2, "Needs "+metric.Needs+".")
		}
		t.line(2, "metric."+metric.Name)
	}
}

// WriteComponent writes what the block of a plugin's component may say; "" is the
// plugin of what is built in.
func WriteComponent(w io.Writer, plugin string, c schema.Component, style Style) {
	t := text{w: w, style: style}
	t.component(plugin, c)
}

// text writes for a terminal.
type text struct {
	w     io.Writer
	style Style
}

func (t text) heading(title string) { fmt.Fprintf(t.w, "\n%s\n", t.style.Bold(title)) }

func (t text) line(margin int, words string) {
	fmt.Fprintf(t.w, "%s%s\n", strings.Repeat(" ", margin), words)
}

// paragraph writes words in lines behind a margin.
func (t text) paragraph(margin int, words string) {
	for _, line := range wordwrap.Broken(words, t.style.Width-margin) {
		t.line(margin, line)
	}
}

// row writes a name and what it is beside it.
func (t text) row(margin int, name, words string) {
	from := margin + named + 1
	lines := wordwrap.Broken(words, t.style.Width-from)
	if len(name) > named {
		t.line(margin, name)
		name = ""
	}
	if len(lines) == 0 {
		t.line(margin, name)
	}
	for _, line := range lines {
		t.line(margin, fmt.Sprintf("%-*s %s", named, name, line))
		name = ""
	}
}

func (t text) example(hcl string) {
	if hcl == "" {
		return
	}
	fmt.Fprintln(t.w)
	for line := range strings.Lines(strings.TrimSpace(hcl)) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			t.line(4, line)
		} else {
			fmt.Fprintln(t.w)
		}
	}
}

func (t text) construct(c spec.Construct) {
	t.heading(head(c))
	t.paragraph(2, sentence(c.Summary))
	if len(c.Values)+len(c.Schema.Attributes)+len(c.Blocks) > 0 {
		fmt.Fprintln(t.w)
	}
	t.body(2, c)
	t.example(c.Example)
}

// body writes what may stand in a block.
func (t text) body(margin int, c spec.Construct) {
	for _, value := range c.Values {
		t.row(margin, value.Name, ofValue(value)+": "+value.Summary)
	}
	t.schema(margin, c.Schema)
	if c.Own != "" {
		t.paragraph(margin, "and "+c.Own+" (`plumb reference COMPONENT`).")
	}
	for _, inner := range c.Blocks {
		t.block(margin, head(inner), inner.Summary, inner.Many)
		t.body(margin+2, inner)
	}
}

// block writes the first line of a block in another.
func (t text) block(margin int, head, summary string, many bool) {
	if many {
		summary = strings.TrimPrefix(summary+"; there may be several", "; ")
	}
	if summary != "" {
		summary = ": " + summary
	}
	t.paragraph(margin, head+" { }"+summary)
}

func (t text) schema(margin int, body schema.Schema) {
	for _, a := range body.Attributes {
		words := ofAttribute(a)
		if a.Summary != "" {
			words += ": " + a.Summary
		}
		t.row(margin, a.Name, words)
	}
	for _, b := range body.Blocks {
		t.block(margin, headOf(b), b.Summary, false)
		t.schema(margin+2, b.Body)
	}
}

func (t text) component(plugin string, c schema.Component) {
	name := c.Name
	if plugin != "" {
		name = plugin + "/" + name
	}
	t.heading(fmt.Sprintf("%s %q", c.Kind, name))
	t.paragraph(2, abilities(c))
	t.schema(2, c.Schema)
	if !c.Tuning.Empty() {
		t.line(2, "finetune")
		t.schema(4, c.Tuning)
	}
	for _, loss := range c.Losses {
		t.line(2, fmt.Sprintf("loss %q", loss.Name))
		t.paragraph(4, ofLoss(loss))
		t.schema(4, loss.Schema)
	}
}

// WriteContents writes what can be looked up.
func (r Reference) WriteContents(w io.Writer, style Style) {
	t := text{w: w, style: style}
	t.heading("Of the language")
	for _, topic := range r.Topics {
		t.row(2, topic.Name, topic.Title)
	}
	t.heading("Blocks of an experiment")
	for _, block := range r.Experiment {
		t.row(2, block.Type, block.Summary)
	}
	t.heading("In a file of its own")
	t.row(2, r.Ablation.Type, r.Ablation.Summary)
	for _, kind := range schema.Kinds() {
		t.heading(fmt.Sprintf("Components: %s", kind))
		for _, component := range r.Components {
			if component.Kind == kind {
				t.row(2, component.Name, firstSentence(component.Summary))
			}
		}
	}
}
