package reports

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
	"github.com/plumb-ml/plumb/reports/figure"
	"github.com/plumb-ml/plumb/reports/page"
	"github.com/plumb-ml/plumb/reports/thumbnail"
)

// The bounds of the images of a page, shared by its evaluations.
const (
	mostPageModels  = 8        // of an evaluation
	mostPagePrompts = 60       // that are drawn by seed
	mostPageImages  = 4        // of a prompt and model
	mostPageBytes   = 11 << 18 // of data URIs
	firstImages     = 4        // prompts whose images are there without the script
)

// imageGrids gathers the images of each evaluation, side by side; none if there is nothing
// to show.
func imageGrids(ctx context.Context, input Input, variants []variant) ([]*imageGrid, error) {
	if input.Open == nil {
		return nil, nil
	}
	var grids []*imageGrid
	evaluations := evaluationsAcross(input.Run, variants)
	for i, c := range evaluations {
		models, count := picturedModels(c, mostPageModels)
		if len(models) == 0 {
			continue
		}
		g := &imageGrid{input: input, models: models, count: count, id: fmt.Sprint("prompt-", i+1), room: mostPageBytes / len(evaluations), lot: lottery{models[0].seed}}
		if len(evaluations) > 1 {
			g.evaluation = c.evaluation
		}
		if err := g.gather(ctx); err != nil {
			return nil, err
		}
		if len(g.drawn) > 0 {
			grids = append(grids, g)
		}
	}
	return grids, nil
}

// imageGrid is the images of an evaluation while they are gathered.
type imageGrid struct {
	evaluation string // empty where there is one alone

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
	images  []map[string]embedded // by model and image

	drawn     []promptPlace // those that every model has, in the order of the draw
	pictures  []map[string]image.Image
	perPrompt int // pictures of a prompt and model
}

// embedded is an image as the page holds it.
type embedded struct {
	thumbnail.Thumbnail
	source string // a data URI
}

// modelChanges is where a model changed most.
type modelChanges struct {
	model, baseline, measure string
	gains, losses            []promptChange
}

type imageScore struct {
	reward string
	value  float64
}

func (g *imageGrid) gather(ctx context.Context) error {
	if err := g.readKeys(ctx); err != nil {
		return err
	}
	places := g.shared()
	if len(places) == 0 {
		return nil
	}
	if err := g.readWords(ctx); err != nil {
		return err
	}
	if err := g.findChanges(places); err != nil {
		return err
	}
	g.drawn = g.lot.draw(places, func(p promptPlace) string { return g.keys[0][p][0].Slots })
	g.perPrompt = g.perPromptInFigure(g.drawn[:min(len(g.drawn), figurePrompts)])
	return g.readImages(ctx, slices.Concat(g.changed(), g.drawn[:min(len(g.drawn), mostPagePrompts)]))
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
	maker := thumbnail.NewMaker()
	pixels := figure.Pixels(figure.Tile(len(g.models), g.perPrompt))
	for i, model := range g.models {
		ids, inFigure := map[string]bool{}, map[string]bool{}
		for _, p := range g.drawn[:min(len(g.drawn), figurePrompts)] {
			for _, k := range g.keys[i][p][:g.perPrompt] {
				inFigure[k.ID] = true
			}
		}
		for _, p := range wanted {
			for _, k := range perPrompt(g.keys[i][p]) {
				ids[k.ID] = true
			}
		}
		images, pictures := map[string]embedded{}, map[string]image.Image{}
		var failed error
		err := rowsOf(g.input, model, model.images, "images", func(row table.Image) {
			if failed == nil && ids[row.ID] {
				failed = ctx.Err()
			}
			if failed != nil || !ids[row.ID] {
				return
			}
			small, err := maker.Of(row.Image.Bytes)
			if err != nil {
				failed = fmt.Errorf("image %q of %s: %w", row.ID, model.title, err)
			}
			images[row.ID] = embedded{small, page.DataURI(small.Type, small.Content)}
			if inFigure[row.ID] && failed == nil {
				if pictures[row.ID], err = pictureOf(row.Image.Bytes, pixels); err != nil {
					failed = fmt.Errorf("image %q of %s: %w", row.ID, model.title, err)
				}
			}
		})
		if err == nil {
			err = failed
		}
		if err != nil {
			return err
		}
		g.images, g.pictures = append(g.images, images), append(g.pictures, pictures)
	}
	return nil
}
