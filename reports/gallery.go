package reports

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

const (
	galleryPrompts = 12 // rows of the gallery at most
	galleryImages  = 4  // images of a prompt and model at most
	galleryModels  = 8  // columns at most
)

// Gallery is images of the same prompts with the same seeds by every model.
type Gallery struct {
	Columns   []GalleryColumn
	Rows      []GalleryCell // the first image of each prompt that is shown
	PerPrompt int           // images of a prompt in each column
}

// GalleryColumn is one model's images.
type GalleryColumn struct {
	Title  string
	Images map[GalleryCell]table.Image
	output record.Output
}

// GalleryCell is where every column has an image of the same prompt and seed.
type GalleryCell struct {
	Category, Prompt, Split string
	Index                   int32 // among the images of its prompt
}

// galleryOf reads the images that are shown side by side. Prompts are the first
// of each category and split, not chosen by eye. It is nil if a run has no images
// to show.
func galleryOf(ctx context.Context, input Input) (*Gallery, error) {
	if input.Open == nil {
		return nil, nil
	}
	g := &Gallery{Columns: galleryColumns(input)}
	for i := range g.Columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := g.Columns[i].read(input); err != nil {
			return nil, err
		}
	}
	g.Columns = slices.DeleteFunc(g.Columns, func(c GalleryColumn) bool { return len(c.Images) == 0 })
	if len(g.Columns) == 0 {
		return nil, nil
	}
	g.chooseRows()
	if len(g.Rows) == 0 {
		return nil, nil
	}
	return g, nil
}

// galleryColumns finds the images that each model drew for an evaluation; of an
// ablation those of every variant's first seed.
func galleryColumns(input Input) []GalleryColumn {
	variants := variantsOf(input)
	var columns []GalleryColumn
	seenLabels, seenImages := map[string]bool{}, map[string]bool{}
	for _, v := range variants {
		if seenLabels[v.label] {
			continue
		}
		seenLabels[v.label] = true
		for _, e := range v.evaluations {
			for _, model := range e.models {
				at := slices.IndexFunc(v.stages, func(s stage) bool {
					drawn := record.Stage{Kind: record.KindSample, Evaluation: e.name, Subject: model}
					of := s.Stage
					if of.Kind == record.KindMatch { // of a folder, in the place of drawn ones
						of.Kind = record.KindSample
					}
					return of == drawn && s.record != nil
				})
				if at < 0 || len(columns) == galleryModels {
					continue
				}
				output, ok := v.stages[at].record.Outputs["images"]
				if !ok || seenImages[output.Digest] {
					continue // no variant touches this model
				}
				seenImages[output.Digest] = true
				title := model
				if len(v.evaluations) > 1 {
					title = e.name + ": " + title
				}
				if len(variants) > 1 && model != e.baseline {
					title = labelled(title, v.label)
				}
				columns = append(columns, GalleryColumn{Title: title, output: output})
			}
		}
	}
	return columns
}

func (c *GalleryColumn) read(input Input) error {
	path, err := input.Open(c.output)
	if err != nil {
		return fmt.Errorf("open the images of %s: %w", c.Title, err)
	}
	c.Images = map[GalleryCell]table.Image{}
	for row, err := range table.Read[table.Image](path) {
		if err != nil {
			return fmt.Errorf("read the images of %s: %w", c.Title, err)
		}
		if row.Index < galleryImages {
			c.Images[GalleryCell{row.Category, row.Prompt, row.Split, row.Index}] = row
		}
	}
	return nil
}

// chooseRows chooses the prompts: in turn from each category and split, in
// alphabetical order, among those that every column has.
func (g *Gallery) chooseRows() {
	byPart := map[part][]GalleryCell{}
	for cell := range g.Columns[0].Images {
		everywhere := !slices.ContainsFunc(g.Columns, func(c GalleryColumn) bool { _, ok := c.Images[cell]; return !ok })
		if !everywhere {
			continue
		}
		g.PerPrompt = max(g.PerPrompt, int(cell.Index)+1)
		if cell.Index == 0 {
			p := part{cell.Category, cell.Split}
			byPart[p] = append(byPart[p], cell)
		}
	}
	var parts []part
	for p, cells := range byPart {
		parts = append(parts, p)
		slices.SortFunc(cells, func(a, b GalleryCell) int { return cmp.Compare(a.Prompt, b.Prompt) })
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.category, b.category), cmp.Compare(a.split, b.split)) })
	for turn := 0; len(g.Rows) < galleryPrompts; turn++ {
		before := len(g.Rows)
		for _, p := range parts {
			// Neighbours in the alphabet differ in one word: step over them.
			cells := byPart[p]
			if step := max(1, len(cells)/3); turn*step < len(cells) && len(g.Rows) < galleryPrompts {
				g.Rows = append(g.Rows, cells[turn*step])
			}
		}
		if len(g.Rows) == before {
			break
		}
	}
	slices.SortFunc(g.Rows, func(a, b GalleryCell) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Split, b.Split), cmp.Compare(a.Prompt, b.Prompt))
	})
}
