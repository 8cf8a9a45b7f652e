package reports

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/figure"
)

// preferenceFigure draws the shares of the pairs that raters find better, tie and worse,
// as in figure 5 of Lee et al. 2023: a panel for each aspect that they were asked about, a
// colour for each two models. It is not ok where nothing was compared side by side, or
// where there are several variants.
func preferenceFigure(c across) (f figure.Figure, ok bool) {
	f = figure.Figure{Name: "preference-shares", Title: "Preference: images side by side"}
	if len(c.groups) != 1 {
		return f, false
	}
	var pairs []comparedModels
	c.each(func(_ variant, e evaluation) {
		if pairs == nil {
			pairs = e.compared
		}
	})
	zero, hundred := 0.0, 100.0
	outcomes := []string{metric.PreferenceBetterShare, metric.PreferenceTieShare, metric.PreferenceWorseShare}
	var behind sample
	var bars intervals
	styles, seeds := styled{}, len(c.groups[0].seeds)
	for _, aspect := range c.all(evaluation.aspects) {
		panel := figure.Panel{
			Title: aspect,
			X:     figure.Axis{Scale: figure.Even, Values: []float64{0, 1, 2}, Names: []string{"better", "tie", "worse"}},
			Y:     figure.Axis{Label: "share of the pairs, %", Least: &zero, Most: &hundred},
		}
		for _, p := range pairs {
			name := p.model + " beside " + p.versus
			for place, outcome := range outcomes {
				share := c.measure(p.model, func(e evaluation) *record.Metric {
					return e.find(outcome, part{}, of(p.model), against(p.versus), asked(aspect))
				})[0]
				if share.Value == nil {
					continue
				}
				at := styles.of(&panel, name, false)
				if at < 0 {
					break
				}
				behind.add(share.metrics...)
				bars.add(share, "bars")
				panel.Series[at].Points = append(panel.Series[at].Points, figure.Point{
					XY: figure.XY{X: float64(place), Y: share.number()}, YInterval: share.interval(),
					Detail: fmt.Sprintf("%s, %s, %s: %s", name, aspect, panel.X.Names[place], share.bounded()),
				})
			}
		}
		if len(panel.Series) == 0 {
			continue
		}
		dodge(panel)
		f.Panels = append(f.Panels, panel)
	}
	if len(f.Panels) == 0 {
		return f, false
	}
	f.About = joinedBy("; ", behind.words(seeds), seedsWords(seeds), bars.words())
	f.Caption = f.Title + ": in which share of the pairs of images of one prompt and seed two thirds of the raters find the first model's image better or worse, else tie; " + f.About + "." + bars.made() + styles.left()
	return f, true
}
