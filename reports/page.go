package reports

import "github.com/plumb-ml/plumb/reports/page"

// page is the page of a run: the verdict, the tables, the plots, images, and where all of
// it comes from.
func (c contents) page() page.Page {
	r := c.report
	p := page.Page{
		Title: r.Title, About: r.About, Alarms: r.Alarms, Troubles: r.Troubles,
		Verdicts: verdicts(c.input.Run, c.variants, r.Tables),
		Facts:    provenance(c.input.Run, c.variants),
		Notes:    r.Notes,
	}
	for _, t := range r.Tables {
		p.Tables = append(p.Tables, t.page())
	}
	for _, f := range c.figures {
		if f.Images == nil { // the page's own images are more, and say more
			p.Plots = append(p.Plots, page.Plot{Figure: f, ID: f.Name})
		}
	}
	for _, g := range c.grids {
		p.Grids = append(p.Grids, g.page())
	}
	return p
}
