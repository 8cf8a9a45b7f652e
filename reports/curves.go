package reports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
	"github.com/plumb-ml/plumb/reports/figure"
)

// The bounds of a figure of trainings.
const (
	curvePlaces  = 150 // of a line; of more steps some are left out, of noise behind it the extremes are kept
	curveWindow  = 15  // parts of a training, over each of which its noise is smoothed
	curveFigures = 12
	mostRaw      = 4 // lines that have their noise behind them
)

// training is a stage that was trained, under one seed.
type training struct {
	kind    record.Kind
	subject string
	line    string // what lines of one colour are called
	output  record.Output
	node    string
}

// trainings is what a figure calls a kind of training.
var trainings = map[record.Kind]string{record.KindTune: "fine-tuning", record.KindKeep: "fine-tuning", record.KindFit: "fitting"}

// curvesOf draws the losses of every training: of an experiment a figure for each kind
// of training with a colour for each stage, of an ablation a figure for each stage with a
// colour for each variant. Each term of the objective has a panel of its own, since their
// scales differ.
func curvesOf(ctx context.Context, input Input, variants []variant) ([]figure.Figure, error) {
	if input.Open == nil {
		return nil, nil
	}
	labels := map[string]bool{}
	for _, v := range variants {
		labels[v.label] = true
	}
	var order []string
	byFigure := map[string][]training{}
	drawn := map[string]bool{}
	for _, v := range variants {
		for _, s := range v.stages {
			if s.record == nil || drawn[s.Key] || trainings[s.Kind] == "" || v.continued(s) {
				continue
			}
			output, ok := s.record.Outputs["curve"]
			if !ok {
				continue
			}
			drawn[s.Key] = true
			one := training{kind: s.Kind, subject: s.Subject, output: output, node: s.Node, line: s.Subject}
			if s.Kind == record.KindFit && s.Reward == "" { // an encoder or a rater may be called like a reward
				one.subject += " (" + s.record.Component + ")"
				one.line = one.subject
			}
			name := trainings[s.Kind]
			if len(labels) > 1 {
				name += ": " + one.subject
				one.line = v.label
			}
			if byFigure[name] == nil {
				order = append(order, name)
			}
			byFigure[name] = append(byFigure[name], one)
		}
	}
	var all []figure.Figure
	for _, name := range order[:min(len(order), curveFigures)] {
		f, err := curveFigure(ctx, input, name, byFigure[name])
		if err != nil {
			return nil, err
		}
		if len(f.Panels) > 0 {
			all = append(all, f)
		}
	}
	return all, nil
}

// continued reports whether the curve of a part of a tuning is in that of a later stage.
func (v variant) continued(part stage) bool {
	return part.Step > 0 && slices.ContainsFunc(v.stages, func(s stage) bool {
		return s.record != nil && s.Subject == part.Subject && (s.Kind == record.KindKeep || s.Kind == record.KindTune && s.Step > part.Step)
	})
}

// lossCurve is a loss by step.
type lossCurve []figure.XY

// curveFigure reads the curves of some trainings and draws them.
func curveFigure(ctx context.Context, input Input, name string, all []training) (figure.Figure, error) {
	f := figure.Figure{Name: "training-" + strings.ReplaceAll(name, ": ", "-"), Title: sentence(name)}
	styles := styled{}
	byLine := map[curveOf]map[string][]lossCurve{} // by term and line; of each seed
	var lines []string
	broken := 0
	for _, one := range all {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		if _, ok := styles.style(one.line, false); !ok {
			continue
		}
		if !slices.Contains(lines, one.line) {
			lines = append(lines, one.line)
		}
		path, err := input.Open(one.output)
		if err != nil {
			return f, fmt.Errorf("open the curve of %s: %w", one.node, err)
		}
		points, err := table.ReadAll[dataset.CurvePoint](path)
		if err != nil {
			return f, fmt.Errorf("read the curve of %s: %w", one.node, err)
		}
		terms := map[curveOf]lossCurve{}
		for _, point := range points {
			term, shown := curveOfPoint(point)
			switch {
			case !shown:
			case math.IsNaN(point.Value) || math.IsInf(point.Value, 0):
				broken++
			default:
				terms[term] = append(terms[term], figure.XY{X: float64(point.Step), Y: point.Value})
			}
		}
		for term, c := range terms {
			slices.SortStableFunc(c, func(a, b figure.XY) int { return cmp.Compare(a.X, b.X) })
			if byLine[term] == nil {
				byLine[term] = map[string][]lossCurve{}
			}
			byLine[term][one.line] = append(byLine[term][one.line], c)
		}
	}
	window, seeds := 0.0, 1
	for term, of := range byLine {
		for _, curves := range of {
			seeds = max(seeds, len(curves))
			for _, c := range curves {
				if term.loss && len(c) > 2*curveWindow {
					window = max(window, math.Round((c[len(c)-1].X-c[0].X)/curveWindow))
				}
			}
		}
	}
	raw := false
	for _, term := range slices.SortedFunc(maps.Keys(byLine), compareCurves) {
		panel := figure.Panel{X: figure.Axis{Label: "step"}, Y: figure.Axis{Label: term.title()}}
		positive, low, high := true, math.Inf(1), 0.0
		for _, line := range lines {
			curves := byLine[term][line]
			if len(curves) == 0 || longest(curves) < 2 || term.what != "" && same(curves, byLine[curveOf{loss: true}][line]) {
				continue // no line, or the only term of the objective
			}
			style, _ := styles.style(line, false)
			series := figure.Series{Name: line, Style: style}
			var smooth []lossCurve
			for _, c := range curves {
				if !term.loss {
					smooth = append(smooth, c)
					continue
				}
				smooth = append(smooth, c.smoothed(window))
				if window > 0 && len(curves) == 1 && len(lines) <= mostRaw {
					raw = true
					series.Lines = append(series.Lines, figure.Line{Weight: figure.Raw, Points: c.extremes(curvePlaces)})
				}
			}
			mean := meanOf(smooth)
			if len(smooth) > 1 {
				for _, c := range smooth {
					series.Lines = append(series.Lines, figure.Line{Weight: figure.Thin, Points: c.thinned(curvePlaces)})
				}
			}
			series.Lines = append(series.Lines, figure.Line{Points: mean.thinned(curvePlaces)})
			for _, c := range curves {
				for _, at := range c {
					positive = positive && at.Y > 0
					low, high = min(low, at.Y), max(high, at.Y)
				}
			}
			panel.Series = append(panel.Series, series)
		}
		if len(panel.Series) == 0 {
			continue
		}
		if positive && high/low > 100 {
			panel.Y.Scale = figure.Log
			panel.Y.Label += " (logarithmic)"
		}
		f.Panels = append(f.Panels, panel)
	}
	if len(f.Panels) == 0 {
		return f, nil
	}
	f.Columns = min(len(f.Panels), 3)
	if len(f.Panels) == 4 {
		f.Columns = 2
	}
	if len(lines) == 1 && len(all) == 1 {
		f.Title += " of " + lines[0]
	}
	var about []string
	if window > 0 {
		about = append(about, fmt.Sprintf("losses smoothed: mean over the %g steps about each, fewer at the ends", window))
	}
	if raw {
		about = append(about, "behind: the steps themselves")
	}
	if seeds > 1 {
		about = append(about, "thin: each seed, thick: their mean")
	}
	f.About = strings.Join(about, "; ")
	f.Caption = joinedBy(": ", f.Title+" by step", f.About) + "."
	if broken > 0 {
		f.Caption += fmt.Sprintf(" Left out: %s.", map[bool]string{true: "one value that is no number", false: fmt.Sprintf("%d values that are no numbers", broken)}[broken == 1])
	}
	f.Caption += styles.left()
	return f, nil
}

// longest is how many places the longest of some curves has.
func longest(curves []lossCurve) int {
	most := 0
	for _, c := range curves {
		most = max(most, len(c))
	}
	return most
}

// same reports whether curves are those of others.
func same(curves, others []lossCurve) bool {
	return slices.EqualFunc(curves, others, func(a, b lossCurve) bool { return slices.Equal(a, b) })
}

// curveOf says what a curve is of.
type curveOf struct {
	loss bool   // of a batch at each step, not of what is held out
	what string // a term of the objective, "" for the whole, or a measure
}

// curveOfPoint is that of a point; shown is false for what is no objective, such as the
// learning rate.
func curveOfPoint(p dataset.CurvePoint) (of curveOf, shown bool) {
	if term, ok := p.LossTerm(); ok {
		return curveOf{true, term}, true
	}
	measure, ok := p.Validation()
	return curveOf{false, measure}, ok
}

// title is what a panel calls it.
func (c curveOf) title() string {
	if c.loss {
		return joinedBy(" ", "loss", c.what)
	}
	return "validation " + c.what
}

// compareCurves puts losses first, and of them the whole.
func compareCurves(a, b curveOf) int {
	if a.loss != b.loss {
		return map[bool]int{true: -1, false: 1}[a.loss]
	}
	return cmp.Compare(a.what, b.what)
}

// smoothed is the mean over the steps about each, in all as many as a window; at the ends
// over those that there are.
func (c lossCurve) smoothed(window float64) lossCurve {
	sums := make([]float64, len(c)+1)
	for i, at := range c {
		sums[i+1] = sums[i] + at.Y
	}
	smooth := make(lossCurve, len(c))
	from, to := 0, 0
	for i, at := range c {
		for c[from].X < at.X-window/2 {
			from++
		}
		for to < len(c) && c[to].X <= at.X+window/2 {
			to++
		}
		smooth[i] = figure.XY{X: at.X, Y: (sums[to] - sums[from]) / float64(to-from)}
	}
	return smooth
}

// thinned is at most so many places, spread evenly, the first and last among them.
func (c lossCurve) thinned(most int) lossCurve {
	if len(c) <= most {
		return c
	}
	some := make(lossCurve, most)
	for i := range some {
		some[i] = c[i*(len(c)-1)/(most-1)]
	}
	return some
}

// extremes is the least and the greatest of each of some bins, in the order of their
// steps: as much noise as there is, in few places.
func (c lossCurve) extremes(bins int) lossCurve {
	if len(c) <= 2*bins {
		return c
	}
	var all lossCurve
	for bin := range slices.Chunk(c, (len(c)+bins-1)/bins) {
		low, high := 0, 0
		for i, at := range bin {
			if at.Y < bin[low].Y {
				low = i
			}
			if at.Y > bin[high].Y {
				high = i
			}
		}
		all = append(all, bin[min(low, high)])
		if low != high {
			all = append(all, bin[max(low, high)])
		}
	}
	return all
}

// meanOf is the mean of some curves at the steps that all of them have.
func meanOf(curves []lossCurve) lossCurve {
	if len(curves) == 1 {
		return curves[0]
	}
	sums, counts := map[float64]float64{}, map[float64]int{}
	for _, c := range curves {
		for _, at := range c {
			sums[at.X] += at.Y
			counts[at.X]++
		}
	}
	var mean lossCurve
	for _, at := range curves[0] {
		if counts[at.X] == len(curves) {
			mean = append(mean, figure.XY{X: at.X, Y: sums[at.X] / float64(len(curves))})
		}
	}
	return mean
}
