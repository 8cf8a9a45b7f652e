package labelling

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling/quality"
)

// tally is the judgements of a question, with everything numbered: items by ID, raters by
// name, prompts by where they first occur.
type tally struct {
	question people.Question
	items    []people.Item // with an answer that counts
	cluster  []int         // by item: its prompt
	strata   []int         // by prompt: its category
	names    []string      // of raters
	raters   []raterTally
	given    []given
	words    []string                    // what can be said, but for a skip; of a ranking nil
	placed   map[string][]quality.Placed // by aspect
}

// raterTally is what one rater did.
type raterTally struct {
	answers, skips int // that count
	last           time.Time
	conduct        quality.Conduct
}

// given is a judgement that counts.
type given struct {
	item, rater int
	answers     people.Answers
}

// Words are the answers to a question of a kind, but for a skip; nil of rankings.
func Words(kind people.Kind) []string {
	switch kind {
	case people.Rate:
		return []string{people.Good, people.Bad}
	case people.Compare:
		return []string{people.First, people.Second, people.Tie}
	}
	return nil
}

// promptOf is the prompt that a judgement's item is of, "" if it is not said. An item
// whose prompt nobody says stands for itself.
type promptOf struct{ category, prompt, item string }

func tallyOf(question people.Question, asked []people.Item, judgements []people.Judgement) tally {
	t := tally{question: question, words: Words(question.Kind), placed: map[string][]quality.Placed{}}
	items, names := map[string]people.Item{}, map[string]bool{}
	own := map[string]string{} // the prompt of each image
	for _, item := range asked {
		for _, image := range item.Images {
			own[image] = item.Prompt
		}
	}
	for _, j := range judgements {
		names[j.Rater] = true
		if j.Purpose == people.Asked {
			for _, image := range j.Images {
				own[image] = j.Prompt
			}
			items[j.Item] = people.Item{ID: j.Item, Images: j.Images, Prompt: j.Prompt, Category: j.Category}
		}
	}
	t.names = sortedKeys(names)
	t.raters = make([]raterTally, len(t.names))
	rater, item := map[string]int{}, map[string]int{}
	for i, name := range t.names {
		rater[name] = i
	}
	clusters := map[promptOf]int{}
	categories := map[string]int{}
	cluster := func(category, prompt, item string) int {
		of := promptOf{category: category, prompt: prompt}
		if prompt == "" {
			of.item = item
		}
		n, known := clusters[of]
		if !known {
			n = len(clusters)
			clusters[of] = n
			if _, known := categories[category]; !known {
				categories[category] = len(categories)
			}
			t.strata = append(t.strata, categories[category])
		}
		return n
	}
	for _, id := range sortedKeys(items) {
		item[id] = len(t.items)
		t.items = append(t.items, items[id])
		t.cluster = append(t.cluster, cluster(items[id].Category, items[id].Prompt, id))
	}
	said := map[[2]string]people.Answers{} // by rater and item: what counts
	for _, j := range judgements {
		if j.Purpose == people.Asked {
			said[[2]string{j.Rater, j.Item}] = j.Answers
		}
	}
	gold := map[string]people.Answers{}
	for _, g := range question.Gold {
		gold[g.Item] = g.Answers
	}
	others := clusterNumbers{}
	for _, j := range judgements {
		r := &t.raters[rater[j.Rater]]
		if j.Time.After(r.last) {
			r.last = j.Time
		}
		if j.Duration > 0 {
			r.conduct.Durations = append(r.conduct.Durations, j.Duration)
		}
		if known, is := gold[j.Item]; is && (j.Purpose == people.Known || j.Purpose == people.Asked) {
			r.conduct.Gold = append(r.conduct.Gold, alike(j.Answers, known, others.of(j))...)
		}
		switch j.Purpose {
		case people.Attentive:
			r.conduct.Attention = append(r.conduct.Attention, attentive(question, j, own, others.of(j))...)
		case people.Again:
			if before, is := said[[2]string{j.Rater, j.Item}]; is {
				r.conduct.Again = append(r.conduct.Again, alike(j.Answers, before, others.of(j))...)
			}
		case people.Asked:
			at := item[j.Item]
			r.answers++
			skipped := skips(question, j.Answers)
			if skipped {
				r.skips++
			}
			r.conduct.Skipped = append(r.conduct.Skipped, quality.Check{Cluster: others.of(j), Right: skipped})
			t.given = append(t.given, given{at, rater[j.Rater], j.Answers})
			for _, aspect := range question.Aspects {
				t.placed[aspect] = append(t.placed[aspect], placed(question.Kind, j, j.Answers[aspect], t.cluster[at])...)
			}
		}
	}
	return t
}

// clusterNumbers number prompts for checks, which may be of others than those of items.
type clusterNumbers map[promptOf]int

func (c clusterNumbers) of(j people.Judgement) int {
	of := promptOf{category: j.Category, prompt: j.Prompt}
	if j.Prompt == "" {
		of.item = j.Item
	}
	if _, known := c[of]; !known {
		c[of] = len(c)
	}
	return c[of]
}

// skips reports whether all aspects were skipped.
func skips(question people.Question, answers people.Answers) bool {
	for _, aspect := range question.Aspects {
		if said := answers[aspect]; said != "" && said != people.Skip {
			return false
		}
	}
	return true
}

// alike compares what is said of each aspect with what is known; skips say nothing.
func alike(answers, known people.Answers, cluster int) (checks []quality.Check) {
	for _, aspect := range sortedKeys(known) {
		said := answers[aspect]
		if said == "" || said == people.Skip || known[aspect] == people.Skip {
			continue
		}
		checks = append(checks, quality.Check{Cluster: cluster, Right: said == known[aspect]})
	}
	return checks
}

// attentive is whether an attention check was passed: an image of another prompt does not
// show what the prompt says, so it is bad; beside others it is not the better one, and the
// last. own is the prompt of each image. Nothing where the aspect is not asked about, or
// what was shown is not known.
func attentive(question people.Question, j people.Judgement, own map[string]string, cluster int) []quality.Check {
	said, asked := j.Answers[people.Alignment]
	if !asked || said == people.Skip {
		return nil
	}
	if question.Kind == people.Rate {
		return []quality.Check{{Cluster: cluster, Right: said == people.Bad}}
	}
	foreign := slices.IndexFunc(j.Images, func(image string) bool { prompt, known := own[image]; return known && prompt != j.Prompt })
	if foreign < 0 {
		return nil
	}
	right := false
	switch question.Kind {
	case people.Compare:
		right = said == []string{people.Second, people.First}[min(foreign, 1)]
	case people.Rank:
		ranking, ok := rankingOf(said, len(j.Images))
		right = ok && ranking[len(ranking)-1] == foreign
	}
	return []quality.Check{{Cluster: cluster, Right: right}}
}

// placed says what is said of the images of a judgement by where they stood; nothing if
// that is not known, or if nothing is said between them.
func placed(kind people.Kind, j people.Judgement, said string, cluster int) (all []quality.Placed) {
	if len(j.Shown) < 2 {
		return nil
	}
	switch kind {
	case people.Rate: // Shown is the whole screen
		place := slices.Index(j.Shown, j.Item)
		if place < 0 || said != people.Good && said != people.Bad {
			return nil
		}
		return []quality.Placed{{Cluster: cluster, Place: place, Chosen: said == people.Good}}
	case people.Compare:
		better := slices.Index([]string{people.First, people.Second}, said)
		if better < 0 || len(j.Images) != 2 {
			return nil
		}
		for place, image := range j.Shown {
			all = append(all, quality.Placed{Cluster: cluster, Place: place, Chosen: image == j.Images[better]})
		}
	case people.Rank:
		ranking, ok := rankingOf(said, len(j.Images))
		if !ok {
			return nil
		}
		for i, a := range ranking {
			for _, b := range ranking[i+1:] { // a is before b
				chosen, other := slices.Index(j.Shown, j.Images[a]), slices.Index(j.Shown, j.Images[b])
				if chosen < 0 || other < 0 {
					return nil
				}
				first := 0
				if chosen > other {
					first = 1
				}
				all = append(all, quality.Placed{Cluster: cluster, Place: first, Chosen: true}, quality.Placed{Cluster: cluster, Place: 1 - first})
			}
		}
	}
	return all
}

// rankingOf reads places of images, from 1, from best to worst, and counts them from 0.
func rankingOf(said string, images int) ([]int, bool) {
	words := strings.Split(said, ",")
	if len(words) != images {
		return nil, false
	}
	ranking := make([]int, images)
	seen := make([]bool, images)
	for i, word := range words {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > images || seen[n-1] {
			return nil, false
		}
		seen[n-1] = true
		ranking[i] = n - 1
	}
	return ranking, true
}

// votes are the answers to one aspect; skips are none. A ranking of k images is a vote on
// each of its k(k-1)/2 pairs, each an item of its own: which of the two is before the
// other.
func (t tally) votes(aspect string) quality.Votes {
	v := quality.Votes{Raters: len(t.names), Strata: t.strata}
	if t.question.Kind != people.Rank {
		v.Items, v.Clusters, v.Categories = len(t.items), t.cluster, len(t.words)
		for _, g := range t.given {
			if category := slices.Index(t.words, g.answers[aspect]); category >= 0 {
				v.All = append(v.All, quality.Vote{Item: g.item, Rater: g.rater, Category: category})
			}
		}
		return v
	}
	v.Categories = 2
	from := make([]int, len(t.items)) // where the pairs of an item begin
	for item, ranked := range t.items {
		from[item] = v.Items
		k := len(ranked.Images)
		for range k * (k - 1) / 2 {
			v.Clusters = append(v.Clusters, t.cluster[item])
			v.Items++
		}
	}
	for _, g := range t.given {
		k := len(t.items[g.item].Images)
		ranking, ok := rankingOf(g.answers[aspect], k)
		if !ok {
			continue
		}
		place := make([]int, k)
		for at, image := range ranking {
			place[image] = at
		}
		pair := from[g.item]
		for a := range k {
			for b := a + 1; b < k; b++ {
				category := 0
				if place[a] > place[b] {
					category = 1
				}
				v.All = append(v.All, quality.Vote{Item: pair, Rater: g.rater, Category: category})
				pair++
			}
		}
	}
	return v
}

// pooled are the votes on all aspects, each aspect of an item an item of its own.
func (t tally) pooled() quality.Votes {
	var all quality.Votes
	for _, aspect := range t.question.Aspects {
		v := t.votes(aspect)
		for _, vote := range v.All {
			vote.Item += all.Items
			all.All = append(all.All, vote)
		}
		all.Items += v.Items
		all.Clusters = append(all.Clusters, v.Clusters...)
		all.Raters, all.Categories, all.Strata = v.Raters, v.Categories, v.Strata
	}
	return all
}

// likeliest is the first of the largest numbers.
func likeliest(chances []float64) int {
	best := 0
	for k, chance := range chances {
		if cmp.Compare(chance, chances[best]) > 0 {
			best = k
		}
	}
	return best
}
