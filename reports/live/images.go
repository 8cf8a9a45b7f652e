package live

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
	"github.com/plumb-ml/plumb/reports/thumbnail"
)

// The bounds of what is shown and read.
const (
	mostStages    = 12       // that draw, those that drew last
	mostImages    = 12       // of a stage
	mostRows      = 400      // of a table, to find images of several prompts
	mostBytes     = 64 << 20 // of them
	readAtOnce    = 300 * time.Millisecond
	tryTableAgain = 10 * time.Second
)

// gallery holds images of the stages that draw.
type gallery struct {
	maker  *thumbnail.Maker
	stages map[string]*drawn // by key
	shown  []*drawn
	count  int // stages that draw and have begun
}

// drawn is what a stage has drawn.
type drawn struct {
	key, label string
	whole      bool
	table      string // that the images are from
	images     []picture
	tried      time.Time // and could not be read
}

type picture struct {
	Prompt string
	thumbnail.Thumbnail
}

func newGallery() *gallery {
	return &gallery{maker: thumbnail.NewMaker(), stages: map[string]*drawn{}}
}

// update looks for images of a run's stages that draw; more reports that there was no
// time to read all.
func (g *gallery) update(source Source, run *record.Run, b *board) (more bool) {
	type stage struct {
		key, name string
		works     bool
	}
	var stages []stage
	seen := map[string]bool{}
	for _, variant := range run.Variants {
		for _, s := range variant.Stages {
			if s.Kind != record.KindSample && s.Kind != record.KindMatch || s.Key == "" || seen[s.Key] {
				continue
			}
			seen[s.Key] = true
			name := s.Node
			if label := b.labels[s.Key]; label != "" {
				name = label
			} else if variant.Name != "" {
				name += " [" + variant.Name + "]"
			}
			stages = append(stages, stage{s.Key, name, s.Status == record.Running})
		}
	}
	// Those at work, then those that ended last, then those that were cached.
	slices.SortStableFunc(stages, func(a, c stage) int {
		if a.works != c.works {
			if a.works {
				return -1
			}
			return 1
		}
		return -cmp.Compare(b.ends[a.key], b.ends[c.key])
	})
	g.count, g.shown = len(stages), nil
	began := time.Now()
	for _, s := range stages[:min(mostStages, len(stages))] {
		d := g.stages[s.key]
		if d == nil {
			d = &drawn{key: s.key}
			g.stages[s.key] = d
		}
		d.label = s.name
		if !d.whole && time.Since(d.tried) > tryTableAgain {
			if time.Since(began) > readAtOnce {
				more = true
			} else {
				g.read(source, d)
			}
		}
		if len(d.images) > 0 {
			g.shown = append(g.shown, d)
		}
	}
	return more
}

// read reads images of a stage, if there are others than before.
func (g *gallery) read(source Source, d *drawn) {
	tables, whole, err := source.Images(d.key)
	if err != nil || len(tables) == 0 {
		if err != nil {
			d.tried = time.Now()
		}
		return
	}
	latest := tables[len(tables)-1]
	if latest == d.table {
		return
	}
	images, err := g.some(latest)
	if err != nil {
		d.tried = time.Now() // a part that became a table meanwhile, or damage, which others tell
		return
	}
	d.table, d.images, d.whole = latest, images, whole
}

// some are some images of a table, of different prompts if there are enough.
func (g *gallery) some(path string) ([]picture, error) {
	var first, others []table.Image
	prompts := map[string]bool{}
	rows, size := 0, 0
	for row, err := range table.Read[table.Image](path) {
		if err != nil {
			return nil, err
		}
		if !prompts[row.Prompt] {
			prompts[row.Prompt] = true
			first = append(first, row)
		} else if len(others) < mostImages {
			others = append(others, row)
		}
		rows, size = rows+1, size+len(row.Image.Bytes)
		if len(first) == mostImages || rows >= mostRows || size > mostBytes {
			break
		}
	}
	all := append(first, others...)
	var pictures []picture
	for _, row := range all[:min(mostImages, len(all))] {
		small, err := g.maker.Of(row.Image.Bytes)
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", row.ID, err)
		}
		pictures = append(pictures, picture{strings.ToValidUTF8(row.Prompt, "�"), small})
	}
	return pictures, nil
}
