package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/figure"
)

// frontFigure sets the models of an evaluation between alignment and fidelity. Better is
// up and to the left, and no model is expected to pass the line of real images.
func frontFigure(c across) (f figure.Figure, ok bool) {
	return c.alignmentAgainst(distances, figure.Figure{Name: "front", Title: "Alignment against fidelity", Caption: "Better is up and to the left"}, true)
}

// diversityFigure sets them between alignment and diversity: what gains the one may cost
// the other. No front is drawn, since more diverse than real images is no better.
func diversityFigure(c across) (f figure.Figure, ok bool) {
	return c.alignmentAgainst(diversities, figure.Figure{Name: "diversity", Title: "Alignment against diversity", Caption: "Better aligned is up, more diverse to the right"}, false)
}

// alignmentAgainst draws each model's alignment against the first number of its images
// that was measured, of an ablation under each variant, over its seeds; ok is false where
// no model has both. The figure's caption says which way is better.
func (c across) alignmentAgainst(quantities []imageQuantity, f figure.Figure, front bool) (_ figure.Figure, ok bool) {
	at := slices.IndexFunc(quantities, func(q imageQuantity) bool { return c.measured(q.value) })
	aligned, ok := c.frontAlignment()
	if !ok || at < 0 {
		return f, false
	}
	distance, ways := quantityOf(quantities[at].value, part{}), f.Caption
	f.Caption = ""
	panel := figure.Panel{X: axisOf(distance), Y: axisOf(aligned)}
	var behind sample
	var bars intervals
	variables := c.variables()
	var styles styled
	seeds := 0
	for _, model := range c.models() {
		baseline := c.isBaseline(model)
		xs, ys := c.measure(model, distance.finds(model)), c.measure(model, aligned.finds(model))
		same := untouched(xs) && untouched(ys)
		for i, g := range c.groups {
			x, y := xs[i], ys[i]
			if x.Value == nil || y.Value == nil {
				continue
			}
			if same && i > 0 {
				break
			}
			behind.add(y.metrics...)
			seeds = max(seeds, len(g.seeds))
			name, label, whole := model, "", true
			if len(c.groups) > 1 && !same {
				label, name, whole = g.label, settingOf(g, variables), false
				if baseline || len(variables) == 0 {
					name, whole = labelled(model, label), true
				}
			}
			if baseline {
				name += " (baseline)"
			}
			if x.Low == nil && len(g.seeds) == 1 {
				// A distance of one seed has the interval of the difference from the
				// baseline, about its value: it has none itself.
				x = c.aboutDifference(g, model, x, quantities[at].difference)
			}
			bars.add(x, "horizontal bars")
			bars.add(y, "vertical bars")
			point := figure.Point{
				XY: figure.XY{X: x.number(), Y: y.number()}, XInterval: x.interval(), YInterval: y.interval(),
				Name: name, Whole: whole, Detail: fmt.Sprintf("%s: %s %s; %s %s", labelled(model, label), wordsOf(aligned), y.bounded(), wordsOf(distance), x.bounded()),
				Baseline: g.baseline && !baseline,
			}
			series := styles.of(&panel, model, baseline)
			if series < 0 {
				continue
			}
			panel.Series[series].Points = append(panel.Series[series].Points, point)
		}
	}
	if len(panel.Series) == 0 {
		return f, false
	}
	valued := false
	for i := range panel.Series {
		s := &panel.Series[i]
		if len(s.Points) < 2 {
			continue
		}
		if len(variables) == 1 {
			s.Lines = []figure.Line{{Weight: figure.Thin, Points: places(s.Points)}}
		}
		if len(variables) > 0 && s.Style != figure.Baseline {
			valued = true
		}
	}
	if line := nondominated(panel); front && len(line) > 1 {
		panel.Series = append(panel.Series, figure.Series{Name: "front", Style: figure.Baseline, Lines: []figure.Line{{Weight: figure.Thin, Points: line}}})
		f.Caption = "Front: what no other point surpasses in both, by the means alone. "
	}
	if floor := c.floor(distance); floor != nil {
		title := metricColumn(distance.column.Key.Metric, part{}).Title
		panel.Rules = []figure.Rule{{Vertical: true, At: *floor, Style: figure.Baseline, Name: fmt.Sprintf("%s: %s %.3g", otherDraws, title, *floor)}}
	}
	f.Panels = []figure.Panel{panel}
	beside := ""
	if valued {
		beside = "beside points: " + strings.Join(variables, ", ")
	}
	f.About = joinedBy("; ", behind.words(seeds), seedsWords(seeds), bars.words(), beside)
	f.Caption = f.Title + ": " + f.About + ". " + f.Caption + ways + "; the square is the baseline." + ringed(panel) + bars.made() + styles.left()
	return f, true
}

// settingOf is the values of a group's variables.
func settingOf(g group, variables []string) string {
	var values []string
	for _, name := range variables {
		values = append(values, valueOf(g, name))
	}
	return strings.Join(values, ", ")
}

// ringed says what rings are, if there are any.
func ringed(panels ...figure.Panel) string {
	for _, p := range panels {
		for _, s := range p.Series {
			if slices.ContainsFunc(s.Points, func(p figure.Point) bool { return p.Baseline }) {
				return " A ring: the variant that the others are compared with."
			}
		}
	}
	return ""
}

// frontAlignment is what stands for alignment: the raters' word, or, where nobody was
// asked, the first reward's.
func (c across) frontAlignment() (aligned quantity, ok bool) {
	if c.measured(metric.GoodShare) {
		return quantityOf(metric.GoodShare, part{}), true
	}
	scorers := c.all(evaluation.scorers)
	if len(scorers) == 0 {
		return aligned, false
	}
	aligned = quantityOf(metric.AverageRewardMean, part{})
	aligned.column.Key.Reward = scorers[0]
	return aligned, true
}

// aboutDifference is a number of images with the interval of its difference from the baseline's.
func (c across) aboutDifference(g group, model string, s shown, name string) shown {
	e, _ := c.of(g.seeds[0])
	difference := e.find(name, part{}, of(model), drawn(record.All))
	if difference == nil || difference.Value == nil || difference.Low == nil {
		return s
	}
	low, high := *s.Value+*difference.Low-*difference.Value, *s.Value+*difference.High-*difference.Value
	s.Low, s.High, s.over, s.Method = &low, &high, "95 % of the difference from the baseline", difference.Protocol["interval"]
	return s
}

// floor is the number of real images that stand for a model's, its mean over the
// variants and seeds that measured it; nil: none did.
func (c across) floor(distance quantity) *float64 {
	var values []float64
	c.each(func(_ variant, e evaluation) {
		if m := e.find(distance.column.Key.Metric, part{}, drawn(record.OtherDraws)); m != nil && m.Value != nil {
			values = append(values, *m.Value)
		}
	})
	if values == nil {
		return nil
	}
	mean := stat.Mean(values, nil)
	return &mean
}

// nondominated are the corners of the line along the points of a panel that no other
// surpasses: lower and higher.
func nondominated(p figure.Panel) []figure.XY {
	var all []figure.XY
	for _, s := range p.Series {
		all = append(all, places(s.Points)...)
	}
	slices.SortFunc(all, func(a, b figure.XY) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(b.Y, a.Y)) })
	var line []figure.XY
	for _, at := range all {
		if len(line) == 0 {
			line = append(line, at)
			continue
		}
		if last := line[len(line)-1]; at.Y > last.Y {
			line = append(line, figure.XY{X: at.X, Y: last.Y}, at)
		}
	}
	return line
}

// places are where points stand.
func places(points []figure.Point) []figure.XY {
	var all []figure.XY
	for _, p := range points {
		all = append(all, p.XY)
	}
	return all
}
