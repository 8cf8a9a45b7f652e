package objective

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Set is a table of images, and what is known of them.
type Set struct {
	Images []Image
	tables sdk.TuneSet
}

// Image is a row of an image table.
type Image struct {
	ID     string
	Number int // as Policy.Add gave it
	Prompt Prompt
}

// Prompt is what an image was made for. Images of one prompt can be compared.
type Prompt struct{ Category, Text string }

// Load reads the tables of a request, and makes its losses. A table of images that
// several losses read is read once.
func Load(ctx context.Context, request sdk.TuneRequest, policy Policy) ([]*Term, error) {
	if len(request.Losses) == 0 {
		return nil, fmt.Errorf("there is no loss to train with")
	}
	read := map[string][]Image{}
	var terms []*Term
	for i, l := range request.Losses {
		t, err := term(ctx, l, request.Seed+uint64(i), policy, read)
		if err != nil {
			return nil, fmt.Errorf("loss %s: %w", l.Name, err)
		}
		terms = append(terms, t)
	}
	return terms, nil
}

// term makes a loss, with what it learns from.
func term(ctx context.Context, l sdk.TuneLoss, seed uint64, policy Policy, read map[string][]Image) (*Term, error) {
	objective, err := New(l.Name, l.Options)
	if err != nil {
		return nil, err
	}
	var sets []Set
	count := 0
	for _, tables := range l.Sets {
		images, err := imagesOf(ctx, tables.Images, policy, read)
		if err != nil {
			return nil, err
		}
		sets = append(sets, Set{Images: images, tables: tables})
		count += len(images)
	}
	if count == 0 {
		return nil, fmt.Errorf("there are no images to learn from")
	}
	examples, err := objective.Examples(ctx, sets)
	if err != nil {
		return nil, err
	}
	if len(examples) == 0 {
		return nil, fmt.Errorf("of %d images, there is none to learn from", count)
	}
	return NewTerm(l.Name, l.Weight, objective, examples, seed), nil
}

// imagesOf reads a table of images, if it has not been read before.
func imagesOf(ctx context.Context, path string, policy Policy, read map[string][]Image) ([]Image, error) {
	if known, ok := read[path]; ok {
		return known, nil
	}
	var images []Image
	for row, err := range table.Read[table.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		number, err := policy.Add(ctx, row)
		if err != nil {
			return nil, fmt.Errorf("image %q: %w", row.ID, err)
		}
		images = append(images, Image{ID: row.ID, Number: number, Prompt: Prompt{row.Category, row.Prompt}})
	}
	read[path] = images
	return images, nil
}

// Scores are the reward's scores of the images, in their order.
func (s Set) Scores() ([]float64, error) {
	byID := map[string]float64{}
	if s.tables.Scores == "" {
		return nil, fmt.Errorf("there is no table of scores for %s", s.tables.Images)
	}
	for row, err := range table.Read[table.Score](s.tables.Scores) {
		if err != nil {
			return nil, err
		}
		byID[row.ImageID] = row.Score
	}
	scores := make([]float64, len(s.Images))
	for i, image := range s.Images {
		score, ok := byID[image.ID]
		if !ok {
			return nil, fmt.Errorf("image %q has no score", image.ID)
		}
		scores[i] = score
	}
	return scores, nil
}

// Majorities say of every image, in their order, what most of its raters say: 1
// for good, -1 for bad, 0 where they are even, skipped it or were not asked.
func (s Set) Majorities() ([]float64, error) {
	if s.tables.Labels == "" {
		return nil, fmt.Errorf("there is no table of labels for %s", s.tables.Images)
	}
	votes := map[string]int{} // good ones less bad ones
	for row, err := range table.Read[table.Label](s.tables.Labels) {
		if err != nil {
			return nil, err
		}
		switch sdk.Label(row.Label) {
		case sdk.LabelGood:
			votes[row.ImageID]++
		case sdk.LabelBad:
			votes[row.ImageID]--
		case sdk.LabelSkip:
		default:
			return nil, fmt.Errorf("image %q: %q is none of the labels good, bad, skip", row.ImageID, row.Label)
		}
	}
	majorities := make([]float64, len(s.Images))
	for i, image := range s.Images {
		majorities[i] = sign(votes[image.ID])
	}
	return majorities, nil
}

// Pair is two images of one prompt of which most raters prefer the first.
type Pair struct{ Better, Worse Image }

// Pairs are the comparisons that most raters agree about, in the order in which
// the table first has them. Where they are even there is no pair.
func (s Set) Pairs() ([]Pair, error) {
	if s.tables.Comparisons == "" {
		return nil, fmt.Errorf("there is no table of comparisons for %s", s.tables.Images)
	}
	byID := map[string]Image{}
	for _, image := range s.Images {
		byID[image.ID] = image
	}
	type two struct{ first, second string }
	var order []two
	votes := map[two]int{} // for the first less those for the second
	for row, err := range table.Read[table.Comparison](s.tables.Comparisons) {
		if err != nil {
			return nil, err
		}
		pair, vote := two{row.First, row.Second}, 0
		switch sdk.Choice(row.Choice) {
		case sdk.ChooseFirst:
			vote = 1
		case sdk.ChooseSecond:
			vote = -1
		case sdk.Tie:
		default:
			return nil, fmt.Errorf("images %q and %q: %q is none of the choices first, second, tie", row.First, row.Second, row.Choice)
		}
		if _, turned := votes[two{pair.second, pair.first}]; turned {
			pair, vote = two{pair.second, pair.first}, -vote
		}
		if _, known := votes[pair]; !known {
			order = append(order, pair)
		}
		votes[pair] += vote
	}
	var pairs []Pair
	for _, pair := range order {
		first, ok := byID[pair.first]
		second, also := byID[pair.second]
		switch {
		case !ok || !also:
			return nil, fmt.Errorf("images %q and %q are compared, and not both are among the images %s", pair.first, pair.second, s.tables.Images)
		case first.Prompt != second.Prompt:
			return nil, fmt.Errorf("images %q and %q are compared, and were made for different prompts: %q and %q", first.ID, second.ID, first.Prompt.Text, second.Prompt.Text)
		case votes[pair] > 0:
			pairs = append(pairs, Pair{Better: first, Worse: second})
		case votes[pair] < 0:
			pairs = append(pairs, Pair{Better: second, Worse: first})
		}
	}
	return pairs, nil
}

func sign(n int) float64 {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}

// refuse is an error that the user can do something about.
func refuse(summary, detail string, arguments ...any) error {
	return sdk.Diagnostic{Severity: sdk.SeverityError, Summary: summary, Detail: fmt.Sprintf(detail, arguments...)}
}
