package reports

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/page"
)

// page is the front on a page: a colour for each model.
func (f Front) page() page.Plot {
	plot := page.Plot{
		Title: "Alignment against fidelity",
		X:     "FID, lower is better", Y: "good images, %",
		Note: "Better is up and to the left; a square is the baseline; vertical bars: 95 % of the share; horizontal " + f.Bars + ".",
	}
	var models []string
	for _, p := range f.Points {
		at := slices.Index(models, p.Model)
		if at < 0 {
			at = len(models)
			models = append(models, p.Model)
			plot.Series = append(plot.Series, page.Series{Name: p.Model, Color: at})
		}
		point := page.Point{
			XY: page.XY{X: *p.FID.Value, Y: 100 * *p.Good.Value}, Name: p.Name, Baseline: p.Baseline,
			Detail: fmt.Sprintf("%s: %s of images good; FID %s", p.Name, p.Good.bounded(), p.FID.bounded()),
		}
		if p.FID.Low != nil {
			point.XInterval = &page.Interval{Low: *p.FID.Low, High: *p.FID.High}
		}
		if p.Good.Low != nil {
			point.YInterval = &page.Interval{Low: 100 * *p.Good.Low, High: 100 * *p.Good.High}
		}
		plot.Series[at].Points = append(plot.Series[at].Points, point)
	}
	if f.Floor != nil {
		plot.Floor = &page.Floor{X: *f.Floor, Name: fmt.Sprintf("%s: FID %.3g", otherDraws, *f.Floor)}
	}
	return plot
}

// bounded is a number with its interval in few digits.
func (c Cell) bounded() string {
	said := fmt.Sprintf("%.3g", *c.Value)
	if c.Unit == record.Share {
		said = fmt.Sprintf("%.1f %%", 100**c.Value)
	}
	if c.Low == nil {
		return said
	}
	if c.Unit == record.Share {
		return said + fmt.Sprintf(" [%.1f, %.1f]", 100**c.Low, 100**c.High)
	}
	return said + fmt.Sprintf(" [%.3g, %.3g]", *c.Low, *c.High)
}

// page is the panel on a page.
func (c *CurvePanel) page() page.Plot {
	plot := page.Plot{Title: sentence(c.Title), X: "step", Y: "loss"}
	for _, line := range c.Lines {
		series := page.Series{Name: line.Name, Color: slices.Index(c.Names, line.Name)}
		for _, point := range line.Points {
			series.Line = append(series.Line, page.XY{X: point.X, Y: point.Y})
		}
		plot.Series = append(plot.Series, series)
	}
	plot.Note = fmt.Sprintf("Means over bins of steps, at most %d of a training.", curvePoints)
	if len(c.Left) > 0 {
		plot.Note += fmt.Sprintf(" %s not shown.", countOf(len(c.Left), "more training")+areOrIs(len(c.Left)))
	}
	return plot
}

func areOrIs(n int) string {
	if n == 1 {
		return " is"
	}
	return " are"
}
