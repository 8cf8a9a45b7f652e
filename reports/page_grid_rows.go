package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/reports/page"
)

// bytes is how much the images of a prompt take.
func (g *imageGrid) bytes(p promptPlace) int {
	total := 0
	for i := range g.models {
		for _, k := range perPrompt(g.keys[i][p]) {
			total += len(g.images[i][k.ID].source)
		}
	}
	return total
}

// page is the grid: prompts in the order of the draw, as far as there is room for them in
// two thirds of it, and those that changed most in the rest.
func (g *imageGrid) page() page.Grid {
	drawn := g.drawn
	used := 0
	fits := func(p promptPlace, room int) bool {
		if size := g.bytes(p); used+size <= room {
			used += size
			return true
		}
		return false
	}
	var chosen []promptPlace
	for _, p := range drawn[:min(len(drawn), mostPagePrompts)] {
		if !fits(p, g.room*2/3) {
			break
		}
		chosen = append(chosen, p)
	}
	changed := slices.DeleteFunc(g.changed(), func(p promptPlace) bool { return slices.Contains(chosen, p) || !fits(p, g.room) })
	slices.SortFunc(chosen, comparePlaces)
	out := &page.Grid{Evaluation: g.evaluation, Small: true}
	for _, model := range g.models {
		out.Columns = append(out.Columns, model.title)
		out.Judged = out.Judged || model.labels != nil
	}
	rows := map[promptPlace]string{}
	number := 0
	add := func(places []promptPlace) (all []page.GridRow) {
		for _, p := range places {
			number++
			rows[p] = fmt.Sprint(g.id, "-", number)
			all = append(all, g.row(rows[p], p, number <= firstImages, out))
		}
		return all
	}
	out.Rows, out.Changed = add(chosen), add(changed)
	for _, model := range g.changes {
		one := page.Changes{Model: model.model, Baseline: model.baseline, Measure: model.measure}
		list := func(changes []promptChange) (all []page.Change) {
			for _, c := range changes {
				all = append(all, page.Change{Row: rows[c.place], Prompt: c.place.Prompt, Part: c.place.part(), By: c.by(), Between: c.between()})
			}
			return all
		}
		one.Gains, one.Losses = list(model.gains), list(model.losses)
		out.Changes = append(out.Changes, one)
	}
	out.About = g.about(len(chosen), len(drawn), out)
	return *out
}

// part is the category and the split in words.
func (p promptPlace) part() string {
	return strings.Join(slices.DeleteFunc([]string{p.Category, p.Split}, func(word string) bool { return word == "" }), ", ")
}

// row is the images of a prompt.
func (g *imageGrid) row(id string, p promptPlace, now bool, grid *page.Grid) page.GridRow {
	row := page.GridRow{ID: id, Prompt: p.Prompt, Category: p.Category, Split: p.Split}
	for i, model := range g.models {
		cell := page.GridCell{Model: model.title}
		good, judged := 0.0, 0
		for _, k := range g.keys[i][p] {
			switch g.votes[i][k.ID].verdict() {
			case page.Good:
				good++
				judged++
			case page.Even:
				good += 0.5
				judged++
			case page.Bad:
				judged++
			}
		}
		if judged > 0 {
			cell.Good = fmt.Sprintf("%g of %d good", good, judged)
		}
		for _, k := range perPrompt(g.keys[i][p]) {
			small := g.images[i][k.ID]
			grid.Small = grid.Small && small.Small
			votes := g.votes[i][k.ID]
			one := page.Image{Source: small.source, Now: now, Width: small.Width, Height: small.Height, Index: k.Index, Verdict: votes.verdict()}
			words := []string{fmt.Sprintf("%s, image %d, seed %d", model.title, k.Index+1, k.Seed)}
			if model.labels != nil {
				one.Caption = votes.caption()
				words = append(words, votes.words())
			}
			for _, s := range g.scores[i][k.ID] {
				words = append(words, fmt.Sprintf("%s %.3g", s.reward, s.value))
				if s.reward == g.shownReward() {
					one.Score = fmt.Sprintf("%.3g", s.value)
				}
			}
			one.Words = strings.Join(words, "; ")
			cell.Images = append(cell.Images, one)
		}
		row.Cells = append(row.Cells, cell)
	}
	return row
}

// shownReward is the reward whose score stands below each image: the first that was
// learned, else the first; empty if there is none.
func (g *imageGrid) shownReward() string {
	first := ""
	for _, model := range g.models {
		for _, by := range model.scores {
			if by.learned {
				return by.reward
			}
			first = cmp.Or(first, by.reward)
		}
	}
	return first
}
