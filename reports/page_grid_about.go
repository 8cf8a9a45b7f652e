package reports

import (
	"fmt"
	"strings"

	"github.com/plumb-ml/plumb/reports/page"
	"github.com/plumb-ml/plumb/reports/thumbnail"
)

// about says how the images were chosen and what stands below them.
func (g *imageGrid) about(chosen, prompts int, grid *page.Grid) []string {
	var about []string
	how := fmt.Sprintf("%d of %d prompts, drawn by seed %d evenly from each category and split", chosen, prompts, g.lot.seed)
	if chosen == prompts {
		how = fmt.Sprintf("All %s", countOf(prompts, "prompt"))
	}
	which := "all of their images"
	if g.most() > mostPageImages {
		which = fmt.Sprintf("the first %d images of each", mostPageImages)
	}
	seeds := "the same seeds in every column"
	if !g.sameSeeds() {
		seeds = "but the seeds differ between columns"
	}
	about = append(about, fmt.Sprintf("%s, with %s; %s.", how, which, seeds))
	if more := len(grid.Changed); more > 0 {
		about = append(about, fmt.Sprintf("Behind them: %s more, chosen because most changed there.", countOf(more, "prompt")))
	}
	if g.count > len(g.models) {
		about = append(about, fmt.Sprintf("The first %d of %d models and variants that drew images.", len(g.models), g.count))
	}
	var below []string
	if grid.Judged {
		below = append(below, "the raters' majority (✓ good, ✕ bad, = even) and how many call it good of those who do not skip")
	}
	if reward := g.shownReward(); reward != "" {
		below = append(below, "the score of "+reward)
	}
	if below != nil {
		about = append(about, "Below each image: "+strings.Join(below, "; ")+". Enlarged, an image says all that is known of it.")
	}
	if !grid.Small {
		about = append(about, fmt.Sprintf("Images are reduced to %d pixels; the images tables have them whole.", thumbnail.Side))
	}
	return about
}

// most is how many images a prompt has at most.
func (g *imageGrid) most() int {
	most := 0
	for _, of := range g.keys {
		for _, keys := range of {
			most = max(most, len(keys))
		}
	}
	return most
}

// sameSeeds reports whether images of one number have one seed in every column.
func (g *imageGrid) sameSeeds() bool {
	for place, keys := range g.keys[0] {
		for _, other := range g.keys[1:] {
			for i, k := range other[place] {
				if i < len(keys) && (k.Seed != keys[i].Seed || k.Index != keys[i].Index) {
					return false
				}
			}
		}
	}
	return true
}
