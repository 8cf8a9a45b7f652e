package live

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/figure"
)

// The bounds of what is drawn.
const (
	mostLines  = figure.Styles // trainings of a figure
	mostPoints = 60            // of a line; more are averaged in bins
	mostRaw    = 600           // of what is drawn behind it
)

// curves are what trainings report, by training and name.
type curves struct {
	kinds  map[string]record.Kind // of stages
	panels []*panel
}

// panel is one value of one kind of training.
type panel struct {
	kind    record.Kind
	name    string
	lines   []*line // by when they were last added to
	version int
	drawn   int // the version that html shows
	html    template.HTML
}

// line is a value of one training.
type line struct {
	stage  string
	points []figure.XY
}

// unshown are values that say nothing of what a training comes to.
var unshown = []string{"learning_rate", "gradient_norm"}

func (c *curves) begin(e events.Event) {
	if c.kinds == nil {
		c.kinds = map[string]record.Kind{}
	}
	if e.About != nil {
		c.kinds[e.Stage] = e.About.Kind
	}
}

// add adds a value. Of a training that went back some steps the new report counts.
func (c *curves) add(e events.Event) {
	x := float64(*e.Value)
	if slices.Contains(unshown, e.Name) || x-x != 0 { // not finite: the stage's end says so
		return
	}
	kind := c.kinds[e.Stage]
	at := slices.IndexFunc(c.panels, func(p *panel) bool { return p.kind == kind && p.name == e.Name })
	if at < 0 {
		at = len(c.panels)
		c.panels = append(c.panels, &panel{kind: kind, name: e.Name})
	}
	p := c.panels[at]
	p.version++
	of := slices.IndexFunc(p.lines, func(l *line) bool { return l.stage == e.Stage })
	if of < 0 {
		of = len(p.lines)
		p.lines = append(p.lines, &line{stage: e.Stage})
	}
	l := p.lines[of]
	if last := len(p.lines) - 1; of != last {
		p.lines = append(slices.Delete(p.lines, of, of+1), l)
	}
	step := float64(*e.Step)
	for len(l.points) > 0 && l.points[len(l.points)-1].X >= step {
		l.points = l.points[:len(l.points)-1]
	}
	l.points = append(l.points, figure.XY{X: step, Y: x})
}

// trainings is what a figure calls a kind of training.
var trainings = map[record.Kind]string{record.KindTune: "Fine-tuning", record.KindFit: "Fitting"}

// sorted are the panels in the order in which they are shown: fine-tuning first, and of
// each the loss, its terms, the reward, and what else there is.
func (c *curves) sorted() []*panel {
	rank := func(p *panel) int {
		if first, _, _ := strings.Cut(p.name, "/"); p.name == "loss" {
			return 0
		} else if at := slices.Index([]string{"loss", "reward", "judge", "validation"}, first); at >= 0 {
			return 1 + at
		}
		return 9
	}
	all := slices.Clone(c.panels)
	slices.SortStableFunc(all, func(a, b *panel) int {
		return cmp.Or(-cmp.Compare(a.kind, b.kind), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.name, b.name))
	})
	return all
}

// figure draws the trainings of a panel that were last added to.
func (p *panel) figure() figure.Figure {
	shown := p.lines[max(0, len(p.lines)-mostLines):]
	title := p.name
	if training := trainings[p.kind]; training != "" {
		title = training + ": " + p.name
	}
	f := figure.Figure{
		Name: "curve", Title: title,
		Panels: []figure.Panel{{X: figure.Axis{Label: "step"}, Y: figure.Axis{Label: p.name}}},
	}
	if left := len(p.lines) - len(shown); left > 0 {
		f.About = fmt.Sprintf("%s of before not shown", counted(left, "training"))
	}
	f.Caption = fmt.Sprintf("As it is reported; of more than %d steps the line has means over bins of steps, and what is behind it is less smoothed.", mostPoints)
	// The order of names, not of reports: a training keeps its colour.
	shown = slices.SortedFunc(slices.Values(shown), func(a, b *line) int { return cmp.Compare(a.stage, b.stage) })
	for i, l := range shown {
		series := figure.Series{Name: l.stage, Style: i}
		if len(l.points) > mostPoints {
			series.Lines = append(series.Lines, figure.Line{Weight: figure.Raw, Points: binned(l.points, mostRaw)})
		}
		if len(l.points) == 1 { // which is no line yet
			series.Points = []figure.Point{{XY: l.points[0], Detail: fmt.Sprintf("%s: %.4g at step %.0f", l.stage, l.points[0].Y, l.points[0].X)}}
		}
		series.Lines = append(series.Lines, figure.Line{Points: binned(l.points, mostPoints)})
		f.Panels[0].Series = append(f.Panels[0].Series, series)
	}
	return f
}

// binned averages points, which are in order, in bins of equal numbers.
func binned(points []figure.XY, most int) []figure.XY {
	size := (len(points) + most - 1) / most
	if size <= 1 {
		return points
	}
	var means []figure.XY
	for bin := range slices.Chunk(points, size) {
		var mean figure.XY
		for _, point := range bin {
			mean.X += point.X / float64(len(bin))
			mean.Y += point.Y / float64(len(bin))
		}
		means = append(means, mean)
	}
	return means
}
