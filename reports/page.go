package reports

import (
	"context"

	"github.com/plumb-ml/plumb/reports/page"
)

// pageOf is the page of a run: the verdict, the tables, the plots, images, and where all
// of it comes from.
func pageOf(ctx context.Context, input Input, r *Report) (page.Page, error) {
	variants := variantsOf(input)
	p := page.Page{
		Title: r.Title, About: r.About, Alarms: r.Alarms, Troubles: r.Troubles,
		Verdicts: verdicts(input.Run, variants, r.Tables),
		Facts:    provenance(input.Run, variants),
		Notes:    r.Notes,
	}
	for _, t := range r.Tables {
		p.Tables = append(p.Tables, t.page())
	}
	if front := frontOf(input); len(front.Points) > 0 {
		p.Plots = append(p.Plots, front.page())
	}
	curves, err := curvesOf(ctx, input)
	if err != nil {
		return p, err
	}
	for _, panel := range curves {
		p.Plots = append(p.Plots, panel.page())
	}
	p.Grids, err = imageGrids(ctx, input, variants)
	return p, err
}
