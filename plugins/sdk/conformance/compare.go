package conformance

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// sideIDs is how many IDs every pair is shown under, both ways round: a rater's
// chance is drawn by the ID.
const sideIDs = 16

// sideErrors is how many standard errors a rater may seem to favour one side by.
const sideErrors = 5

// checkCompare: always as many choices, whoever the neighbours are, and no side
// is favoured.
func checkCompare(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	return with(ctx, c, r, func(in *client.Instance) error {
		compare := func(pairs []client.Pair) ([][]sdk.Choice, error) {
			return collect(len(pairs), func(emit func(int, []sdk.Choice) error) error {
				return in.Compare(ctx, sequence(pairs), emit)
			})
		}
		items := one.items()
		var pairs []client.Pair
		for i, item := range items {
			pairs = append(pairs, client.Pair{ID: "pair-" + strconv.Itoa(i), Prompt: item.Prompt, First: item.PNG, Second: items[(i+1)%len(items)].PNG})
		}
		err := sameInAllViews(len(pairs), func(questions []int) ([][]sdk.Choice, error) {
			return compare(pick(pairs, questions))
		}, func(a, b []sdk.Choice, _ bool) string {
			if !slices.Equal(a, b) {
				return fmt.Sprintf("choices %v and %v", a, b)
			}
			return ""
		})
		if err != nil {
			return err
		}
		return checkSides(pairs, compare)
	})
}

// checkSides: pairs that are shown the other way round get the other choices,
// exactly where a rater decides by the images alone, and as often where chance
// has a part in it.
//
// Of every pair and ID, d is the share of raters who choose the first image less
// the share of those who choose it where it comes second, and likewise for the
// second image. The mean of d is 0 but for chance, and is held to sideErrors
// standard errors.
func checkSides(pairs []client.Pair, compare func([]client.Pair) ([][]sdk.Choice, error)) error {
	var straight, swapped []client.Pair
	for _, pair := range pairs {
		for i := range sideIDs {
			pair.ID = fmt.Sprintf("%s/%d", pair.ID, i)
			straight = append(straight, pair)
			swapped = append(swapped, client.Pair{ID: pair.ID, Prompt: pair.Prompt, First: pair.Second, Second: pair.First})
		}
	}
	a, err := compare(straight)
	if err != nil {
		return err
	}
	b, err := compare(swapped)
	if err != nil {
		return fmt.Errorf("asked with the images the other way round: %w", err)
	}
	for _, side := range []struct{ choice, other sdk.Choice }{{sdk.ChooseFirst, sdk.ChooseSecond}, {sdk.ChooseSecond, sdk.ChooseFirst}} {
		var sum, squares float64
		for i := range a {
			d := share(a[i], side.choice) - share(b[i], side.other)
			sum, squares = sum+d, squares+d*d
		}
		n := float64(len(a))
		mean := sum / n
		bound := sideErrors * math.Sqrt(max(0, squares/n-mean*mean)/n)
		if math.Abs(mean) > bound+1e-9 {
			return fmt.Errorf("a side is favoured: the choice is %q for %+.2f of %d pairs more often than %q when the images are the other way round, and chance explains at most %.2f",
				side.choice, mean, len(a), side.other, bound)
		}
	}
	return nil
}

// share is the part of some choices that are this one.
func share(choices []sdk.Choice, one sdk.Choice) float64 {
	n := 0
	for _, choice := range choices {
		if choice == one {
			n++
		}
	}
	return float64(n) / float64(max(1, len(choices)))
}
