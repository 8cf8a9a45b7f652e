package tuning

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/ml/loss"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Names of the losses.
const (
	RewardWeighted = "reward_weighted"
	Pretraining    = "pretraining"
)

// Term is one loss with the images that it samples from.
type Term struct {
	Name     string
	Weight   float64
	Examples []int     // numbers of its images, as Load's add gave them
	Factors  []float64 // per image, 1 on average; nil: all 1
	order    *train.Shuffled
}

// NewTerm is a term that goes through its examples in an order given by seed.
func NewTerm(name string, weight float64, examples []int, factors []float64, seed uint64) *Term {
	return &Term{Name: name, Weight: weight, Examples: examples, Factors: factors, order: train.NewShuffled(len(examples), seed)}
}

// Load reads the images and scores of a request. add takes an image in and
// returns its number; a table that several losses read is added once.
func Load(ctx context.Context, request sdk.TuneRequest, add func(table.Image) (int, error)) ([]*Term, error) {
	if len(request.Losses) == 0 {
		return nil, fmt.Errorf("there is no loss to train with")
	}
	tables := tables{add: add, read: map[string]imageTable{}}
	var terms []*Term
	for i, l := range request.Losses {
		t, err := tables.term(ctx, l, request.Seed+uint64(i))
		if err != nil {
			return nil, fmt.Errorf("loss %s: %w", l.Name, err)
		}
		terms = append(terms, t)
	}
	return terms, nil
}

// tables are image tables that have been read.
type tables struct {
	add  func(table.Image) (int, error)
	read map[string]imageTable
}

// imageTable is the images of a table: their names, and their numbers.
type imageTable struct {
	ids     []string
	numbers []int
}

func (t tables) term(ctx context.Context, l sdk.TuneLoss, seed uint64) (*Term, error) {
	var examples []int
	var scores []float64
	for i, path := range l.Images {
		images, err := t.images(ctx, path)
		if err != nil {
			return nil, err
		}
		examples = append(examples, images.numbers...)
		if len(l.Scores) == 0 {
			continue
		}
		if len(l.Scores) != len(l.Images) {
			return nil, fmt.Errorf("there are %d tables of images and %d of scores", len(l.Images), len(l.Scores))
		}
		byID := map[string]float64{}
		for row, err := range table.Read[table.Score](l.Scores[i]) {
			if err != nil {
				return nil, err
			}
			byID[row.ImageID] = row.Score
		}
		for _, id := range images.ids {
			score, ok := byID[id]
			if !ok {
				return nil, fmt.Errorf("image %q has no score", id)
			}
			scores = append(scores, score)
		}
	}
	if len(examples) == 0 {
		return nil, fmt.Errorf("there are no images to learn from")
	}
	var factors []float64
	if len(l.Scores) > 0 {
		var err error
		if factors, err = loss.RewardWeights(scores); err != nil {
			return nil, err
		}
	}
	return NewTerm(l.Name, l.Weight, examples, factors, seed), nil
}

// images reads a table, if it has not been read before.
func (t tables) images(ctx context.Context, path string) (imageTable, error) {
	if known, ok := t.read[path]; ok {
		return known, nil
	}
	var images imageTable
	for row, err := range table.Read[table.Image](path) {
		if err != nil {
			return imageTable{}, err
		}
		if err := ctx.Err(); err != nil {
			return imageTable{}, err
		}
		number, err := t.add(row)
		if err != nil {
			return imageTable{}, fmt.Errorf("image %q: %w", row.ID, err)
		}
		images.ids = append(images.ids, row.ID)
		images.numbers = append(images.numbers, number)
	}
	t.read[path] = images
	return images, nil
}
