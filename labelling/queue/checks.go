package queue

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/plumb-ml/plumb/core/people"
)

const (
	// goldShare is the share of what a rater sees that has a known answer, until the
	// rater has seen all of them.
	goldShare = 0.1
	// againAfter is how many answers of a rater lie between an item and its being shown
	// again, so that it is judged anew and not remembered. With fewer answers in all, half
	// of them do.
	againAfter = 20
	// mostAlike bounds the words that a prompt may have in common with that of an
	// attention check's image, as a share of the words of both.
	mostAlike = 1.0 / 3
)

// due reports whether more of a purpose are to come, so many at once, when so many of
// seen count: they keep their share on the average, at moments that nobody can foresee.
func (q *Queue) due(asks *question, rater string, p *past, purpose people.Purpose, part float64, seen, atOnce int) bool {
	n := p.seen[purpose]
	return float64(n)+float64(atOnce)*share(q.Secret, "due", asks.Name, rater, string(purpose), strconv.Itoa(n)) < part*float64(seen)
}

// known is a gold item that a rater is to be shown now; nil if none.
func (q *Queue) known(asks *question, rater string, p *past) (best *item) {
	if !q.due(asks, rater, p, people.Known, goldShare, p.all(), 1) {
		return nil
	}
	var least uint64
	for _, one := range asks.order {
		s := showingOf(&one.Item, people.Known)
		if !one.gold || p.done[s] || p.leased[s] || q.unsafe(&one.Item) {
			continue
		}
		if key := mixed(one.state.key, q.rater(rater).key); best == nil || key < least {
			best, least = one, key
		}
	}
	return best
}

// again are items of one prompt that a rater is to be shown a second time now; nil if
// none. When nothing else is left there need not be many answers between.
func (q *Queue) again(asks *question, rater string, p *past, last bool) []*task {
	if !q.due(asks, rater, p, people.Again, asks.Repeated, p.seen[people.Asked], asks.together()) {
		return nil
	}
	gap := againAfter
	if last {
		gap = min(gap, len(p.answered)/2)
	}
	var old []*item // long enough ago
	for _, s := range p.answered[:max(len(p.answered)-gap, 0)] {
		one := asks.items[s.item]
		if s.purpose != people.Asked || one == nil || q.unsafe(&one.Item) {
			continue
		}
		if again := showingOf(&one.Item, people.Again); !p.done[again] && !p.leased[again] {
			old = append(old, one)
		}
	}
	if len(old) == 0 {
		return nil
	}
	first := old[chance(q.Secret, "again", asks.Name, rater, strconv.Itoa(p.seen[people.Again]))%uint64(len(old))]
	tasks := []*task{q.newTask(rater, asks, &first.Item, people.Again)}
	for _, one := range old { // what stood beside it then, that the screen may look as screens do
		if one != first && one.prompt == first.prompt && len(tasks) < asks.together() {
			tasks = append(tasks, q.newTask(rater, asks, &one.Item, people.Again))
		}
	}
	return tasks
}

// attention is a task whose answer is obvious to whoever looks: an image of another
// prompt under this one, alone or among images of this one. nil if none is due, or no
// prompt is unlike enough.
func (q *Queue) attention(asks *question, rater string, p *past, at *prompt) *task {
	if !slices.Contains(asks.Aspects, people.Alignment) || !q.due(asks, rater, p, people.Attentive, asks.Attention, p.all(), 1) {
		return nil
	}
	n := strconv.Itoa(p.seen[people.Attentive])
	pick := func(what string, of int) int { return int(chance(q.Secret, what, asks.Name, rater, n) % uint64(of)) }
	var foreign []string // images
	for _, other := range asks.unlike(at) {
		for _, one := range other.items {
			if !q.unsafe(&one.Item) {
				foreign = append(foreign, one.Images...)
			}
		}
	}
	if len(foreign) == 0 {
		return nil
	}
	of := at.items[pick("beside", len(at.items))]
	check := &people.Item{Images: slices.Clone(of.Images), Prompt: of.Prompt, Category: of.Category}
	check.Images[pick("place", len(check.Images))] = foreign[pick("foreign", len(foreign))]
	slices.Sort(check.Images)
	check.ID = people.ItemID(check.Images...)
	s := showingOf(check, people.Attentive)
	if q.unsafe(check) || p.done[s] || p.leased[s] {
		return nil
	}
	return q.newTask(rater, asks, check, people.Attentive)
}

// unlike are the prompts that have fewest words in common with one.
func (asks *question) unlike(at *prompt) []*prompt {
	if at.unlike == nil {
		at.unlike = []*prompt{}
		least := mostAlike
		for _, other := range asks.prompts {
			if other == at || len(other.words) == 0 {
				continue
			}
			switch alike := common(at.words, other.words); {
			case alike > least:
			case alike < least:
				at.unlike, least = []*prompt{other}, alike
			default:
				at.unlike = append(at.unlike, other)
			}
		}
	}
	return at.unlike
}

// common is the share of two sets' words that are in both (Jaccard's index).
func common(a, b map[string]bool) float64 {
	both := 0
	for word := range a {
		if b[word] {
			both++
		}
	}
	return float64(both) / float64(max(len(a)+len(b)-both, 1))
}

func wordsOf(prompt string) map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.FieldsFunc(strings.ToLower(prompt), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		words[word] = true
	}
	return words
}
