package stage

import (
	"context"
	"iter"
	"maps"
	"strconv"

	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// prefer has a rater choose between two models' images of one prompt and seed, or reads
// people's choices. Of two images that are the same nobody is asked: they are a tie.
func prefer(ctx context.Context, job Job, work *plan.PreferWork) (*Result, error) {
	switch {
	case work.People != nil:
		return preferByPeople(ctx, job, work)
	case work.Path != "":
		return preferFromFile(ctx, job, work)
	}
	return preferByRater(ctx, job, work)
}

// sides are two models' images, as a stage reads them.
type sides struct {
	path, other string
	pairs       []labels.BlindPair
}

func (job Job) sides(ctx context.Context) (s sides, err error) {
	if s.path, err = job.input(plan.Images); err != nil {
		return s, err
	}
	if s.other, err = job.input(plan.OtherImages); err != nil {
		return s, err
	}
	s.pairs, err = labels.ReadBlindPairs(s.path, s.other, func(labels.BlindPair, table.Image, table.Image) error { return ctx.Err() })
	return s, err
}

// preferring is the work with what rows are made of.
type preferring struct{ *plan.PreferWork }

// row is a row about a pair, without who says what of it.
func (w preferring) row(pair labels.BlindPair) table.Preference {
	return table.Preference{
		ImageID: pair.Image.ID, Model: w.Model, Versus: w.Versus, Item: pair.Item(), Aspect: people.Alignment,
		Prompt: pair.Image.Prompt, Category: pair.Image.Category, Split: pair.Image.Split,
	}
}

// alike is the row of a pair of the same image.
func (w preferring) alike(pair labels.BlindPair) table.Preference {
	row := w.row(pair)
	row.Choice = string(sdk.Tie)
	return row
}

// preferred is a choice between the first and second image shown in terms of the model's
// image.
func preferred(choice sdk.Choice, modelFirst bool) string {
	switch {
	case choice == sdk.Tie:
		return string(sdk.Tie)
	case (choice == sdk.ChooseFirst) == modelFirst:
		return "better"
	}
	return "worse"
}

// preferByRater shows the rater every pair, which model's image comes first by chance.
// Raters are asked about alignment, which is what they judge.
func preferByRater(ctx context.Context, job Job, work *plan.PreferWork) (*Result, error) {
	s, err := job.sides(ctx)
	if err != nil {
		return nil, err
	}
	of := preferring{work}
	// Rows are written with the answers: those of pairs of the same image with the
	// answer before them, or with the first.
	var shown []int // of all pairs
	var leading []table.Preference
	trailing := map[int][]table.Preference{} // by the place among those shown
	for i, pair := range s.pairs {
		switch {
		case !pair.Same():
			shown = append(shown, i)
		case len(shown) == 0:
			leading = append(leading, of.alike(pair))
		default:
			trailing[len(shown)-1] = append(trailing[len(shown)-1], of.alike(pair))
		}
	}
	if len(s.pairs) == 0 {
		return nil, job.noImages()
	}
	result := &Result{Items: len(s.pairs), Unit: "pairs", Facts: map[string]float64{}}
	var choices []table.Preference
	if len(shown) == 0 {
		choices = leading
		err := table.WriteAll(job.tablePath(plan.Preferences), choices)
		if err != nil {
			return nil, err
		}
		maps.Copy(result.Facts, preferenceFacts(choices))
		return result, job.table(result, plan.Preferences, len(choices))
	}
	modelFirst := func(pair labels.BlindPair) bool {
		_, swapped := plan.PairPriority(job.Node.Seed, pair.This, pair.Other)
		return (pair.This < pair.Other) != swapped
	}
	see := func(row table.Preference) { choices = append(choices, row) }
	err = job.with(ctx, func(instance *client.Instance) (err error) {
		maps.Copy(result.Facts, instance.Facts())
		_, err = writeKept(job, plan.Preferences, result.Unit, see, func(skip int, add func(position int, rows ...table.Preference) error) error {
			done := skip
			if skip > 0 {
				job.Report(Progress{Done: done, Total: len(shown), Unit: result.Unit})
			}
			return instance.Compare(ctx, s.items(ctx, skip, modelFirst), func(position int, answers []sdk.Choice) error {
				done++
				job.Report(Progress{Done: done, Total: len(shown), Unit: result.Unit})
				place := skip + position
				pair := s.pairs[shown[place]]
				var rows []table.Preference
				if place == 0 {
					rows = append(rows, leading...)
				}
				first := modelFirst(pair)
				for rater, choice := range answers {
					row := of.row(pair)
					row.Rater, row.Choice, row.First = strconv.Itoa(rater+1), preferred(choice, first), work.Versus
					if first {
						row.First = work.Model
					}
					rows = append(rows, row)
				}
				return add(position, append(rows, trailing[place]...)...)
			})
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	maps.Copy(result.Facts, preferenceFacts(choices))
	return result, job.table(result, plan.Preferences, len(choices))
}

// items sends the pairs of different images to a rater, but for the first skip ones. A
// pair is called by its content.
func (s sides) items(ctx context.Context, skip int, modelFirst func(labels.BlindPair) bool) iter.Seq2[client.Pair, error] {
	return func(yield func(client.Pair, error) bool) {
		at, shown := -1, 0
		for both, err := range labels.SideBySide(s.path, s.other) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(client.Pair{}, err)
				return
			}
			at++
			pair := s.pairs[at]
			if pair.Same() {
				continue
			}
			if shown++; shown <= skip {
				continue
			}
			out := client.Pair{
				ID:     pair.Item(),
				Prompt: sdk.Prompt{Text: both[0].Prompt, Category: both[0].Category, Slots: both[0].Slots},
				First:  both[0].Image.Bytes, Second: both[1].Image.Bytes,
			}
			if !modelFirst(pair) {
				out.First, out.Second = out.Second, out.First
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// preferenceFacts are the number of pairs, of those that are the same image, and the
// share of the choices that are ties.
func preferenceFacts(choices []table.Preference) map[string]float64 {
	pairs, same := map[string]bool{}, map[string]bool{}
	asked, ties := 0, 0
	for _, choice := range choices {
		pairs[choice.ImageID] = true
		if choice.Rater == "" {
			same[choice.ImageID] = true
			continue
		}
		asked++
		if choice.Choice == string(sdk.Tie) {
			ties++
		}
	}
	facts := map[string]float64{record.Pairs: float64(len(pairs)), record.IdenticalPairs: float64(len(same))}
	if asked > 0 {
		facts[record.TieShare] = float64(ties) / float64(asked)
	}
	return facts
}
