package reports

import (
	"fmt"
	"math"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/figure"
)

// watched is a finetune that was looked at while it was tuned, under one variant.
type watched struct {
	label string // of the variant
	checkpoints
}

// checkpointFigures draws, for each finetune that was watched, the reward that it is tuned
// by beside the judge that takes no part, and how far its images are from real ones, by
// step; of one tuning also the steps between which the reward rose and the judge fell, and
// the step that is kept.
func checkpointFigures(variants []variant) []figure.Figure {
	var order []string
	byFinetune := map[string][]watched{}
	for _, v := range variants {
		for _, c := range checkpointsOf(v) {
			if byFinetune[c.finetune] == nil {
				order = append(order, c.finetune)
			}
			byFinetune[c.finetune] = append(byFinetune[c.finetune], watched{v.label, c})
		}
	}
	var all []figure.Figure
	for _, name := range order[:min(len(order), curveFigures)] {
		if f := checkpointFigure(name, byFinetune[name]); len(f.Panels) > 0 {
			all = append(all, f)
		}
	}
	return all
}

// watchedMetric is one of the numbers of a look.
type watchedMetric struct {
	axis figure.Axis
	of   func(checkpoint) *record.Metric
}

func (w watched) metrics() []watchedMetric {
	zero, hundred := 0.0, 100.0
	judge := watchedMetric{figure.Axis{Label: "mean score of " + w.judge + ", the judge"}, func(c checkpoint) *record.Metric { return c.judge }}
	if w.rater {
		judge.axis = figure.Axis{Label: "good by " + w.judge + ", the judge, %", Least: &zero, Most: &hundred}
	}
	all := []watchedMetric{
		{figure.Axis{Label: "mean score of " + w.reward + ", tuned by"}, func(c checkpoint) *record.Metric { return c.reward }},
		judge,
	}
	for i, of := range []func(checkpoint) *record.Metric{
		func(c checkpoint) *record.Metric { return c.fid },
		func(c checkpoint) *record.Metric { return c.kid },
		func(c checkpoint) *record.Metric { return c.cmmd },
	} {
		if slices.ContainsFunc(w.looks, func(c checkpoint) bool { return of(c) != nil }) {
			return append(all, watchedMetric{axisOf(quantityOf(distances[i].value, part{})), of})
		}
	}
	return all
}

func checkpointFigure(name string, all []watched) figure.Figure {
	f := figure.Figure{Name: "checkpoints-" + name, Title: "Checkpoints of " + name}
	var behind sample
	var bars intervals
	styles, kept, seeds := styled{}, false, 1
	labels := map[string]int{}
	for _, w := range all {
		labels[w.label]++
		seeds = max(seeds, labels[w.label])
	}
	for _, m := range all[0].metrics() {
		panel := figure.Panel{X: figure.Axis{Label: "step"}, Y: m.axis}
		byLabel := map[string][]lossCurve{}
		for _, w := range all {
			style, ok := styles.style(w.label, false)
			if !ok {
				continue
			}
			at := slices.IndexFunc(panel.Series, func(s figure.Series) bool { return s.Style == style })
			if at < 0 {
				at = len(panel.Series)
				panel.Series = append(panel.Series, figure.Series{Name: w.label, Style: style})
			}
			s := &panel.Series[at]
			var line lossCurve
			for _, look := range w.looks {
				one := m.of(look)
				if one == nil || !finite(one.Value) {
					continue
				}
				var t Table
				cell := shown{Cell: t.cellOf(one), over: "95 % over prompts"}
				if !finite(cell.Low) || !finite(cell.High) {
					cell.Low, cell.High = nil, nil
				}
				behind.add(one)
				point := figure.Point{XY: figure.XY{X: float64(look.step), Y: cell.number()}, Small: labels[w.label] > 1, Detail: fmt.Sprintf("%s: %s", labelled(stepWords(look.step), w.label), cell.bounded())}
				if !point.Small {
					point.YInterval = cell.interval()
					bars.add(cell, "bars")
				}
				if look.step == w.kept && w.kept > 0 && len(all) > 1 {
					point.Baseline, kept = true, true
				}
				s.Points = append(s.Points, point)
				line = append(line, point.XY)
			}
			if len(line) > 0 {
				byLabel[w.label] = append(byLabel[w.label], line)
			}
		}
		for i := range panel.Series {
			s := &panel.Series[i]
			curves := byLabel[s.Name]
			if len(curves) > 1 {
				for _, c := range curves {
					s.Lines = append(s.Lines, figure.Line{Weight: figure.Thin, Points: c})
				}
			}
			if len(curves) > 0 {
				s.Lines = append(s.Lines, figure.Line{Points: meanOf(curves)})
			}
		}
		panel.Series = slices.DeleteFunc(panel.Series, func(s figure.Series) bool { return len(s.Points) == 0 })
		if len(panel.Series) == 0 {
			continue
		}
		if len(all) == 1 {
			panel.Rules = all[0].rules()
		}
		f.Panels = append(f.Panels, panel)
	}
	if len(f.Panels) == 0 {
		return f
	}
	each := ""
	if seeds > 1 {
		each = "thin: each seed, thick: their mean"
	}
	f.About = joinedBy("; ", behind.words(seeds), each, bars.words())
	f.Caption = fmt.Sprintf("%s by step: %s. The judge takes no part in the tuning.", f.Title, f.About)
	if kept {
		f.Caption += " A ring: the step that is kept."
	}
	if len(all) == 1 {
		f.Caption += " " + all[0].said()
	}
	f.Caption += bars.made() + styles.left()
	return f
}

// rules mark the step that is kept, and from where to where reward and judge part.
func (w watched) rules() []figure.Rule {
	var all []figure.Rule
	if w.parted {
		from, to := float64(w.best), float64(w.seen)
		all = append(all, figure.Rule{Vertical: true, At: math.NaN(), Band: &figure.Interval{Low: from, High: to}, Style: 1, Name: fmt.Sprintf("%s rises, %s falls: %s to %d", w.reward, w.judge, stepWords(w.best), w.seen)})
	}
	if w.kept > 0 {
		all = append(all, figure.Rule{Vertical: true, At: float64(w.kept), Style: figure.Baseline, Name: fmt.Sprintf("kept: step %d", w.kept)})
	}
	return all
}

// stepWords is a step in words.
func stepWords(step int) string {
	if step == 0 {
		return "before tuning"
	}
	return fmt.Sprintf("step %d", step)
}
