package stage

import (
	"cmp"
	"context"
	"slices"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// pair is two images of one prompt, by their positions in a list of images.
type pair struct {
	first, second int // as they are shown
}

func (p pair) earlier() int { return min(p.first, p.second) }
func (p pair) later() int   { return max(p.first, p.second) }

// candidates are the images of one prompt that pairs are chosen from: every two of
// one, or every one of one with every one of other.
type candidates struct {
	one, other []int
	within     bool // every two of one; other is nil
}

// mostOfPrompt bounds the images of one prompt that pairs are chosen from, as the
// number of pairs grows with its square. Of more images, those with the lowest
// plan.SubsetPriority take part. Two of a thousand make 499,500 pairs, more than a
// block may ask for.
const mostOfPrompt = 1000

// choosePairs chooses perPrompt pairs of each prompt's candidates, or all that there
// are. A larger number holds every smaller one's pairs. Which image is shown first
// is chosen, too. Pairs come in the order of their later images, then of their
// earlier ones: what a reader of the images needs.
func choosePairs(ctx context.Context, images []table.Image, prompts []candidates, perPrompt int, seed uint64) ([]pair, error) {
	type ranked struct {
		pair
		priority uint64
	}
	var pairs []pair
	for _, prompt := range prompts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		one, other := bounded(images, prompt.one, seed), bounded(images, prompt.other, seed)
		var all []ranked
		add := func(i, j int) {
			priority, swapped := plan.PairPriority(seed, images[i].ID, images[j].ID)
			if (images[i].ID < images[j].ID) == swapped {
				i, j = j, i
			}
			all = append(all, ranked{pair{i, j}, priority})
		}
		for n, i := range one {
			if prompt.within {
				other = one[n+1:]
			}
			for _, j := range other {
				add(i, j)
			}
		}
		slices.SortFunc(all, func(a, b ranked) int {
			return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.later(), b.later()), cmp.Compare(a.earlier(), b.earlier()))
		})
		for _, one := range all[:min(perPrompt, len(all))] {
			pairs = append(pairs, one.pair)
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.later(), b.later()), cmp.Compare(a.earlier(), b.earlier()))
	})
	return pairs, nil
}

// bounded is at most mostOfPrompt of some images.
func bounded(images []table.Image, positions []int, seed uint64) []int {
	if len(positions) <= mostOfPrompt {
		return positions
	}
	of := make([]table.Image, len(positions))
	for i, position := range positions {
		of[i] = images[position]
	}
	var kept []int
	for _, i := range byPriority(of, seed)[:mostOfPrompt] {
		kept = append(kept, positions[i])
	}
	slices.Sort(kept)
	return kept
}

// samePrompt identifies images that may be compared.
type samePrompt struct{ category, prompt string }

func promptOf(image table.Image) samePrompt { return samePrompt{image.Category, image.Prompt} }

// ofEachPrompt lists the images of every prompt, in the order in which the prompts
// come.
func ofEachPrompt(images []table.Image) []candidates {
	at := map[samePrompt]int{}
	var prompts []candidates
	for i, image := range images {
		n, known := at[promptOf(image)]
		if !known {
			n = len(prompts)
			at[promptOf(image)], prompts = n, append(prompts, candidates{within: true})
		}
		prompts[n].one = append(prompts[n].one, i)
	}
	return prompts
}
