package reports

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/figure"
)

// inBin is a bin of a reliability diagram.
func inBin(bin int) condition {
	return func(m *record.Metric) bool { return m.Bin == bin }
}

// reliabilityFigure draws, for each reward that has a card, the share of good votes that
// its scores promise against the share that there is: a panel for each reward, a colour
// for each variant. It is not ok where no reward has a card.
func reliabilityFigure(c across) (f figure.Figure, ok bool) {
	f = figure.Figure{Name: "reliability", Title: "Reliability of the rewards"}
	rewards := c.all(func(e evaluation) []string {
		return e.distinct(metric.ReliabilityShare, func(m record.Metric) string { return m.Subject })
	})
	bins := c.bins()
	zero, hundred := 0.0, 100.0
	var behind sample
	var bars intervals
	styles, seeds, fitted := styled{}, 0, false
	for _, reward := range rewards {
		panel := figure.Panel{
			Title: reward,
			X:     figure.Axis{Label: "promised share of good votes, %", Least: &zero, Most: &hundred},
			Y:     figure.Axis{Label: "share of good votes, %", Least: &zero, Most: &hundred},
		}
		panel.Series = []figure.Series{{Name: "calibrated", Style: figure.Baseline, Lines: []figure.Line{{Points: []figure.XY{{}, {X: 100, Y: 100}}}}}}
		byGroup := make([]figure.Series, len(c.groups))
		for _, bin := range bins {
			find := func(name string) finder {
				return func(e evaluation) *record.Metric { return e.find(name, part{}, of(reward), inBin(bin)) }
			}
			scores, shares := c.measure(reward, find(metric.ReliabilityScore)), c.measure(reward, find(metric.ReliabilityShare))
			for i, g := range c.groups {
				score, share := scores[i], shares[i]
				if score.Value == nil || share.Value == nil {
					continue
				}
				behind.add(share.metrics...)
				seeds = max(seeds, len(g.seeds))
				fitted = fitted || share.metrics[0].Protocol[metric.Calibrated] == metric.AfterFit
				bars.add(share, "bars")
				images := 0
				for _, m := range share.metrics {
					images += m.N
				}
				point := figure.Point{
					XY: figure.XY{X: 100 * *score.Value, Y: share.number()}, YInterval: share.interval(),
					Detail: fmt.Sprintf("%s: promises %.0f %%, has %s; %s", labelled(reward, g.label), 100**score.Value, share.bounded(), countOf(images, "image")),
				}
				if len(c.groups) == 1 {
					point.Name = fmt.Sprint(images)
				}
				byGroup[i].Points = append(byGroup[i].Points, point)
			}
		}
		drawn := false
		for i, s := range byGroup {
			if len(s.Points) == 0 {
				continue
			}
			style, ok := styles.style(cmp.Or(c.groups[i].label, "rewards"), false)
			if !ok {
				continue
			}
			s.Name, s.Style = c.groups[i].label, style
			slices.SortStableFunc(s.Points, func(a, b figure.Point) int { return cmp.Compare(a.X, b.X) })
			s.Lines = []figure.Line{{Weight: figure.Thin, Points: places(s.Points)}}
			panel.Series = append(panel.Series, s)
			drawn = true
		}
		if !drawn || len(f.Panels) == mostPanels {
			continue
		}
		if len(c.groups) == 1 {
			if m := c.measure(reward, func(e evaluation) *record.Metric { return e.find(metric.CalibrationError, part{}, of(reward)) })[0]; m.Value != nil {
				panel.Title += ", error " + m.bounded()
			}
		}
		f.Panels = append(f.Panels, panel)
	}
	if len(f.Panels) == 0 {
		return f, false
	}
	f.Columns = min(3, len(f.Panels))
	beside := ""
	if len(c.groups) == 1 {
		beside = "beside points: images"
	}
	f.About = joinedBy("; ", behind.words(seeds)+" a bin", seedsWords(seeds), bars.words(), beside)
	f.Caption = f.Title + ": the share of good votes that a score promises against the share that there is, in bins of images of like score; " + f.About + "."
	if fitted {
		f.Caption += " Scores that are no probabilities were made such by a function that never falls, fitted to the votes of other prompts."
	}
	f.Caption += bars.made() + styles.left()
	return f, true
}

// bins lists the bins of the reliability diagrams.
func (c across) bins() []int {
	var all []int
	c.each(func(_ variant, e evaluation) {
		for _, m := range e.metrics {
			if m.Name == metric.ReliabilityShare && !slices.Contains(all, m.Bin) {
				all = append(all, m.Bin)
			}
		}
	})
	slices.Sort(all)
	return all
}
