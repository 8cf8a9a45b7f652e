package exchange

import (
	"context"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/plumb-ml/plumb/core/people"
)

// Pictures reads an image by its content's name.
type Pictures func(ctx context.Context, image string) (content []byte, mediaType string, err error)

// Open lists the items that somebody may still be asked about elsewhere: those that want
// an answer, those that are known, and none of whose images was reported. rater is who is
// asked, and is not asked again; "" is anybody.
func Open(question people.Question, items []people.Item, judgements []people.Judgement, reported map[string]bool, rater string) []people.Item {
	raters := map[string]map[string]bool{}
	for _, j := range judgements {
		if j.Question != question.Name || j.Purpose != people.Asked && j.Purpose != people.Known {
			continue
		}
		if raters[j.Item] == nil {
			raters[j.Item] = map[string]bool{}
		}
		raters[j.Item][j.Rater] = true
	}
	return slices.DeleteFunc(slices.Clone(items), func(item people.Item) bool {
		known := slices.ContainsFunc(question.Gold, func(g people.Gold) bool { return g.Item == item.ID })
		unsafe := slices.ContainsFunc(item.Images, func(image string) bool { return reported[image] })
		return unsafe || raters[item.ID][rater] || !known && len(raters[item.ID]) >= question.Raters
	})
}

// screen is what somebody sees at once on label.html.
type screen struct {
	Question string   `json:"question"`
	Kind     string   `json:"kind"`
	Aspects  []string `json:"aspects"`
	Prompt   string   `json:"prompt"`
	Category string   `json:"category"`
	Shown    []string `json:"shown"` // images, left to right
	Tasks    []task   `json:"tasks"` // one, or of images that are rated one each
}

// task is an item on a screen.
type task struct {
	ID     string   `json:"id"`
	Item   string   `json:"item"`
	Images []string `json:"images"` // in the order of the item
}

// screensOf lays items out: those that are rated with others of their prompt, Together at
// once; prompts in random order, from the rater's name, so that each rater has another
// one. Then come items that are shown again and, in between, checks of attention: an image
// under the prompt of another.
func screensOf(question people.Question, items []people.Item, rater string) []screen {
	random := randomOf(question.Name, rater)
	together := 1
	if question.Kind == people.Rate {
		together = max(1, question.Together)
	}
	byPrompt := map[string][]people.Item{}
	var prompts []string
	for _, item := range items {
		if byPrompt[item.Prompt] == nil {
			prompts = append(prompts, item.Prompt)
		}
		byPrompt[item.Prompt] = append(byPrompt[item.Prompt], item)
	}
	var screens []screen
	for _, prompt := range prompts {
		of := byPrompt[prompt]
		random.Shuffle(len(of), func(a, b int) { of[a], of[b] = of[b], of[a] })
		for some := range slices.Chunk(of, together) {
			screens = append(screens, screenOf(question, prompt, some[0].Category, some, random))
		}
	}
	random.Shuffle(len(screens), func(a, b int) { screens[a], screens[b] = screens[b], screens[a] })
	for range share(question.Attention, len(items), len(prompts) > 1 && slices.Contains(question.Aspects, people.Alignment) && question.Kind == people.Rate) {
		item := items[random.IntN(len(items))]
		other := items[random.IntN(len(items))]
		if other.Prompt == item.Prompt {
			continue
		}
		check := screenOf(question, other.Prompt, other.Category, []people.Item{item}, random)
		screens = slices.Insert(screens, random.IntN(len(screens)+1), check)
	}
	order := random.Perm(len(items))
	for _, i := range order[:share(question.Repeated, len(items), true)] {
		screens = append(screens, screenOf(question, items[i].Prompt, items[i].Category, items[i:i+1], random))
	}
	for i := range screens {
		for t := range screens[i].Tasks {
			screens[i].Tasks[t].ID = fmt.Sprintf("%d-%d", i, t)
		}
	}
	return screens
}

// share is that of n, rounded, of what can be had at all.
func share(of float64, n int, can bool) int {
	if !can {
		return 0
	}
	return min(n, int(of*float64(n)+0.5))
}

func screenOf(question people.Question, prompt, category string, items []people.Item, random *rand.Rand) screen {
	s := screen{Question: question.Name, Kind: string(question.Kind), Aspects: question.Aspects, Prompt: prompt, Category: category}
	for _, item := range items {
		s.Tasks = append(s.Tasks, task{Item: item.ID, Images: item.Images})
		shown := slices.Clone(item.Images)
		if question.Kind != people.Rate {
			random.Shuffle(len(shown), func(a, b int) { shown[a], shown[b] = shown[b], shown[a] })
		}
		s.Shown = append(s.Shown, shown...)
	}
	return s
}

// randomOf is a source of its own for each of some names.
func randomOf(names ...string) *rand.Rand {
	h := fnv.New64a()
	for _, name := range names {
		fmt.Fprintf(h, "%d:%s", len(name), name)
	}
	return rand.New(rand.NewPCG(h.Sum64(), 0x70656f706c65)) // "people"
}

// address is an image within a page or a task.
func address(ctx context.Context, pictures Pictures, image string) (string, error) {
	content, mediaType, err := pictures(ctx, image)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", image, err)
	}
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(content), nil
}
