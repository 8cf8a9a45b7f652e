package queue

import (
	"slices"

	"github.com/plumb-ml/plumb/core/people"
)

// question is one that is asked.
type question struct {
	people.Question
	order   []*item // as given
	items   map[string]*item
	prompts []*prompt
}

// item is what is asked about, or checked with.
type item struct {
	people.Item
	gold   bool // the answer is known
	prompt *prompt
	state  *state
}

// prompt has the items that may stand side by side.
type prompt struct {
	items  []*item
	words  map[string]bool
	unlike []*prompt // whose images obviously do not show it; nil: not looked for yet
}

func newQuestion(asked Asked, h *history) *question {
	asks := &question{Question: asked.Question, items: map[string]*item{}}
	gold := map[string]bool{}
	for _, g := range asked.Gold {
		gold[g.Item] = true
	}
	prompts := map[[2]string]*prompt{}
	for _, one := range asked.Items {
		if asks.items[one.ID] != nil {
			continue
		}
		at := [2]string{one.Prompt, one.Category}
		if prompts[at] == nil {
			prompts[at] = &prompt{words: wordsOf(one.Prompt)}
			asks.prompts = append(asks.prompts, prompts[at])
		}
		made := &item{Item: one, gold: gold[one.ID], prompt: prompts[at], state: h.item(one.ID)}
		made.prompt.items = append(made.prompt.items, made)
		asks.order, asks.items[one.ID] = append(asks.order, made), made
	}
	return asks
}

// together is how many images stand side by side.
func (asks *question) together() int {
	if asks.Kind != people.Rate {
		return 1
	}
	return max(asks.Together, 1)
}

// choose makes the next screen of a rater, of the first question in which something is
// open to the rater; nil if there is none.
func (q *Queue) choose(rater string, r *rater) *screen {
	for _, asks := range q.questions {
		tasks := q.chooseOf(asks, rater, r)
		if len(tasks) == 0 {
			continue
		}
		for _, t := range tasks {
			q.tasks[t.id] = t
			q.lease(t, true)
		}
		return q.newScreen(tasks)
	}
	return nil
}

// chooseOf are the tasks of the next screen of a question: something to see again, where
// that is due, else what counts, with checks among it.
func (q *Queue) chooseOf(asks *question, rater string, r *rater) []*task {
	p := q.history(asks.Name).of(rater)
	best := q.best(asks, rater, r)
	if again := q.again(asks, rater, p, best == nil); again != nil {
		return again
	}
	if best == nil {
		return nil
	}
	places := asks.together()
	at := best.prompt
	var tasks []*task
	if known := q.known(asks, rater, p); known != nil {
		at, tasks = known.prompt, append(tasks, q.newTask(rater, asks, &known.Item, people.Known))
	}
	if check := q.attention(asks, rater, p, at); check != nil && len(tasks) < places {
		tasks = append(tasks, check)
	}
	for _, one := range q.open(asks, rater, r, at) {
		if len(tasks) == places {
			break
		}
		tasks = append(tasks, q.newTask(rater, asks, &one.Item, people.Asked))
	}
	return tasks
}

// merit is how early an item comes; the least first.
type merit [4]float64

// merit of an item for a rater: by the question's order, then what has fewest answers,
// then by chance.
func (q *Queue) merit(asks *question, h *history, p *past, r *rater, one *item) merit {
	m := merit{2: float64(one.state.taken()), 3: float64(mixed(one.state.key, r.key) >> 11)}
	switch asks.Order {
	case people.Balanced:
		m[0], m[1] = float64(p.categories[one.Category]), float64(h.categories[one.Category])
	case people.Disagreement:
		m[0] = -disagreement(one.state.answers)
	case people.Uncertain:
		m[0] = -one.Priority
	}
	return m
}

// wanted reports whether a rater can be asked about an item: one that lacks answers,
// whose prospective raters are not enough, and that the rater has not seen.
func (q *Queue) wanted(asks *question, rater string, one *item) bool {
	if one.gold || one.state.taken() >= asks.Raters || one.state.leases[rater] || q.unsafe(&one.Item) {
		return false
	}
	_, answered := one.state.answers[rater]
	return !answered
}

// best is the item that comes next; nil if there is none.
func (q *Queue) best(asks *question, rater string, r *rater) (best *item) {
	h := q.history(asks.Name)
	p := h.of(rater)
	var least merit
	for _, one := range asks.order {
		if !q.wanted(asks, rater, one) {
			continue
		}
		if m := q.merit(asks, h, p, r, one); best == nil || slices.Compare(m[:], least[:]) < 0 {
			best, least = one, m
		}
	}
	return best
}

// open are the items of a prompt that a rater can be asked about, best first.
func (q *Queue) open(asks *question, rater string, r *rater, at *prompt) []*item {
	h := q.history(asks.Name)
	p := h.of(rater)
	var all []*item
	merits := map[*item]merit{}
	for _, one := range at.items {
		if q.wanted(asks, rater, one) {
			all, merits[one] = append(all, one), q.merit(asks, h, p, r, one)
		}
	}
	slices.SortStableFunc(all, func(a, b *item) int {
		x, y := merits[a], merits[b]
		return slices.Compare(x[:], y[:])
	})
	return all
}

// disagreement is the share of the answers that differ from the most frequent one, of the
// aspect where that is largest; skips are no answers. 0: all agree, or there are not two.
func disagreement(answers map[string]people.Answers) float64 {
	votes := map[string]map[string]int{} // by aspect and word
	for _, said := range answers {
		for aspect, word := range said {
			if word == people.Skip {
				continue
			}
			if votes[aspect] == nil {
				votes[aspect] = map[string]int{}
			}
			votes[aspect][word]++
		}
	}
	most := 0.0
	for _, words := range votes {
		n, first := 0, 0
		for _, count := range words {
			n, first = n+count, max(first, count)
		}
		most = max(most, 1-float64(first)/float64(n))
	}
	return most
}
