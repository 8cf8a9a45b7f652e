package reports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
	"github.com/plumb-ml/plumb/reports/page"
)

// The bounds of the images of a page, shared by its evaluations.
const (
	mostPageModels  = 8       // of an evaluation
	mostPagePrompts = 60      // that are drawn by seed
	mostPageImages  = 4       // of a prompt and model
	mostPageBytes   = 3 << 20 // of data URIs
	firstImages     = 4       // prompts whose images are there without the script
)

// imageGrids shows the images of each evaluation, side by side; none if there is nothing
// to show.
func imageGrids(ctx context.Context, input Input, variants []variant) ([]page.Grid, error) {
	if input.Open == nil {
		return nil, nil
	}
	var grids []page.Grid
	evaluations := evaluationsAcross(input.Run, variants)
	for i, c := range evaluations {
		models, count := picturedModels(c, mostPageModels)
		if len(models) == 0 {
			continue
		}
		g := &imageGrid{input: input, models: models, count: count, id: fmt.Sprint("prompt-", i+1), room: mostPageBytes / len(evaluations), lot: lottery{models[0].seed}}
		grid, err := g.gather(ctx)
		if err != nil {
			return nil, err
		}
		if grid == nil {
			continue
		}
		if len(evaluations) > 1 {
			grid.Evaluation = c.evaluation
		}
		grids = append(grids, *grid)
	}
	return grids, nil
}

// imageGrid is the images of an evaluation while they are gathered.
type imageGrid struct {
	input  Input
	models []pictured
	count  int // of models, those without room included
	id     string
	room   int // bytes
	lot    lottery

	keys    []map[promptPlace][]imageKey // by model; of a prompt in the order of their indices
	votes   []map[string]imageVotes      // by model and image
	scores  []map[string][]imageScore    // by model and image
	changes []modelChanges
	images  []map[string]thumbnail // by model and image
}

// modelChanges is where a model changed most.
type modelChanges struct {
	model, baseline, measure string
	gains, losses            []promptChange
}

// imageVotes is what raters say of an image.
type imageVotes struct{ good, bad, skip int }

func (v imageVotes) verdict() string {
	switch {
	case v.good+v.bad == 0:
		return ""
	case v.good > v.bad:
		return page.Good
	case v.good < v.bad:
		return page.Bad
	}
	return page.Even
}

type imageScore struct {
	reward string
	value  float64
}

func (g *imageGrid) gather(ctx context.Context) (*page.Grid, error) {
	if err := g.readKeys(ctx); err != nil {
		return nil, err
	}
	places := g.shared()
	if len(places) == 0 {
		return nil, nil
	}
	if err := g.readWords(ctx); err != nil {
		return nil, err
	}
	if err := g.findChanges(places); err != nil {
		return nil, err
	}
	drawn := g.lot.draw(places)
	wanted := slices.Concat(g.changed(), drawn[:min(len(drawn), mostPagePrompts)])
	if err := g.readImages(ctx, wanted); err != nil {
		return nil, err
	}
	return g.page(drawn), nil
}

// readKeys reads which images each model has.
func (g *imageGrid) readKeys(ctx context.Context) error {
	for _, model := range g.models {
		if err := ctx.Err(); err != nil {
			return err
		}
		keys := map[promptPlace][]imageKey{}
		err := rowsOf(g.input, model, model.images, "images", func(k imageKey) {
			keys[k.place()] = append(keys[k.place()], k)
		})
		if err != nil {
			return err
		}
		for _, of := range keys {
			slices.SortStableFunc(of, func(a, b imageKey) int { return cmp.Compare(a.Index, b.Index) })
		}
		g.keys = append(g.keys, keys)
	}
	return nil
}

// shared lists the prompts that every model has, in order.
func (g *imageGrid) shared() []promptPlace {
	all := slices.SortedFunc(maps.Keys(g.keys[0]), comparePlaces)
	return slices.DeleteFunc(all, func(p promptPlace) bool {
		return slices.ContainsFunc(g.keys, func(of map[promptPlace][]imageKey) bool { return len(of[p]) == 0 })
	})
}

// readWords reads what raters and rewards say of the images.
func (g *imageGrid) readWords(ctx context.Context) error {
	for _, model := range g.models {
		if err := ctx.Err(); err != nil {
			return err
		}
		votes, scores := map[string]imageVotes{}, map[string][]imageScore{}
		if model.labels != nil {
			err := rowsOf(g.input, model, *model.labels, "labels", func(l table.Label) {
				v := votes[l.ImageID]
				switch l.Label {
				case "good":
					v.good++
				case "bad":
					v.bad++
				default:
					v.skip++
				}
				votes[l.ImageID] = v
			})
			if err != nil {
				return err
			}
		}
		for _, by := range model.scores {
			err := rowsOf(g.input, model, by.output, "scores", func(s table.Score) {
				scores[s.ImageID] = append(scores[s.ImageID], imageScore{by.reward, s.Score})
			})
			if err != nil {
				return err
			}
		}
		g.votes, g.scores = append(g.votes, votes), append(g.scores, scores)
	}
	return nil
}

// findChanges finds where each model gained and lost most against its baseline, among
// the prompts whose images can be shown.
func (g *imageGrid) findChanges(places []promptPlace) error {
	at := slices.IndexFunc(g.models, func(p pictured) bool { return p.baseline })
	if at < 0 {
		return nil
	}
	var all []map[string]promptValues
	for _, model := range g.models {
		values, err := valuesOf(g.input, model)
		if err != nil {
			return err
		}
		all = append(all, values)
	}
	shown := map[promptPlace]bool{}
	for _, p := range places {
		shown[p] = true
	}
	for i, model := range g.models {
		if model.baseline {
			continue
		}
		var rewards []string
		for _, by := range model.scores {
			rewards = append(rewards, by.reward)
		}
		name, measure, good := comparedBy(all[i], all[at], rewards)
		if name == "" {
			continue
		}
		changed := changes(all[i][name], all[at][name], good, g.lot)
		changed = slices.DeleteFunc(changed, func(c promptChange) bool { return !shown[c.place] })
		found := modelChanges{model: model.title, baseline: g.models[at].title, measure: measure}
		if found.gains, found.losses = extremes(changed); found.gains != nil || found.losses != nil {
			g.changes = append(g.changes, found)
		}
	}
	return nil
}

// changed lists the prompts that changed most, each once.
func (g *imageGrid) changed() []promptPlace {
	var all []promptPlace
	for _, model := range g.changes {
		for _, c := range slices.Concat(model.gains, model.losses) {
			if !slices.Contains(all, c.place) {
				all = append(all, c.place)
			}
		}
	}
	return all
}

// perPrompt are the images of a prompt that are shown.
func perPrompt(keys []imageKey) []imageKey { return keys[:min(len(keys), mostPageImages)] }

// readImages reads the images of the prompts that are wanted.
func (g *imageGrid) readImages(ctx context.Context, wanted []promptPlace) error {
	encode := newThumbnails()
	for i, model := range g.models {
		ids := map[string]bool{}
		for _, p := range wanted {
			for _, k := range perPrompt(g.keys[i][p]) {
				ids[k.ID] = true
			}
		}
		images := map[string]thumbnail{}
		var failed error
		err := rowsOf(g.input, model, model.images, "images", func(row table.Image) {
			if failed == nil && ids[row.ID] {
				failed = ctx.Err()
			}
			if failed != nil || !ids[row.ID] {
				return
			}
			small, err := encode.of(row.Image.Bytes)
			if err != nil {
				failed = fmt.Errorf("image %q of %s: %w", row.ID, model.title, err)
			}
			images[row.ID] = small
		})
		if err == nil {
			err = failed
		}
		if err != nil {
			return err
		}
		g.images = append(g.images, images)
	}
	return nil
}

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
func (g *imageGrid) page(drawn []promptPlace) *page.Grid {
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
	out := &page.Grid{Small: true}
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
	return out
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
			grid.Small = grid.Small && small.small
			votes := g.votes[i][k.ID]
			one := page.Image{Source: small.source, Now: now, Width: small.width, Height: small.height, Index: k.Index, Verdict: votes.verdict()}
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

func (v imageVotes) caption() string {
	switch {
	case v.good+v.bad > 0:
		return fmt.Sprintf("%d/%d", v.good, v.good+v.bad)
	case v.skip > 0:
		return "skipped"
	}
	return "no label"
}

func (v imageVotes) words() string {
	verdict := v.verdict()
	if verdict == "" {
		verdict = "not judged"
	}
	said := fmt.Sprintf("%s: %d good, %d bad", verdict, v.good, v.bad)
	if v.skip > 0 {
		said += fmt.Sprintf(", %d skipped", v.skip)
	}
	return said
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
		about = append(about, fmt.Sprintf("Images are reduced to %d pixels; the images tables have them whole.", thumbnailSide))
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
