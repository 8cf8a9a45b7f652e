package queue

import (
	"slices"

	"github.com/plumb-ml/plumb/core/people"
)

// history is what was answered to a question and what is leased, by whom. It is of the
// question's name, and outlives the items that are asked at the moment.
type history struct {
	question   string
	secret     []byte
	items      map[string]*state
	categories map[string]int // answers and leases of purpose Asked
	raters     map[string]*past
}

// state is what raters said of an item, of purpose Asked, and who holds it for that.
type state struct {
	key     uint64 // of the question and the item, by chance
	answers map[string]people.Answers
	leases  map[string]bool
}

// taken is how many raters answered the item or hold it, and elsewhere how many not
// counting one of them.
func (s *state) taken() int { return len(s.answers) + len(s.leases) }

func (s *state) elsewhere(rater string) int {
	n := s.taken()
	if s.leases[rater] {
		n--
	}
	return n
}

// past is what one rater answered and holds of a question.
type past struct {
	answered   []showing // oldest first
	done       map[showing]bool
	leased     map[showing]bool
	seen       map[people.Purpose]int // answered and leased
	categories map[string]int         // likewise, of purpose Asked
}

// showing is why an item is shown. A prompt is said of attention checks alone, which may
// show an image under several.
type showing struct {
	item    string
	purpose people.Purpose
	prompt  string
}

func showingOf(item *people.Item, purpose people.Purpose) showing {
	s := showing{item: item.ID, purpose: purpose}
	if purpose == people.Attentive {
		s.prompt = item.Prompt
	}
	return s
}

func newHistory(question string, secret []byte) *history {
	return &history{question: question, secret: secret, items: map[string]*state{}, categories: map[string]int{}, raters: map[string]*past{}}
}

func (h *history) item(id string) *state {
	s := h.items[id]
	if s == nil {
		s = &state{key: chance(h.secret, "item", h.question, id), answers: map[string]people.Answers{}, leases: map[string]bool{}}
		h.items[id] = s
	}
	return s
}

func (h *history) of(rater string) *past {
	p := h.raters[rater]
	if p == nil {
		p = &past{done: map[showing]bool{}, leased: map[showing]bool{}, seen: map[people.Purpose]int{}, categories: map[string]int{}}
		h.raters[rater] = p
	}
	return p
}

// count adds n showings.
func (h *history) count(p *past, s showing, category string, n int) {
	p.seen[s.purpose] += n
	if s.purpose == people.Asked {
		p.categories[category] += n
		h.categories[category] += n
	}
}

// lease gives an item to a rater, or takes it back.
func (h *history) lease(rater string, s showing, category string, held bool) {
	p := h.of(rater)
	if p.leased[s] == held {
		return
	}
	if s.purpose == people.Asked {
		if leases := h.item(s.item).leases; held {
			leases[rater] = true
		} else {
			delete(leases, rater)
		}
	}
	if held {
		p.leased[s] = true
		h.count(p, s, category, 1)
	} else {
		delete(p.leased, s)
		h.count(p, s, category, -1)
	}
}

// add remembers an answer, once.
func (h *history) add(rater string, s showing, category string, answers people.Answers) {
	p := h.of(rater)
	if s.purpose == people.Asked {
		h.item(s.item).answers[rater] = answers
	}
	if p.done[s] {
		return
	}
	p.done[s] = true
	p.answered = append(p.answered, s)
	h.count(p, s, category, 1)
}

// remove forgets an answer.
func (h *history) remove(rater string, s showing, category string) {
	p := h.of(rater)
	if !p.done[s] {
		return
	}
	if s.purpose == people.Asked {
		delete(h.item(s.item).answers, rater)
	}
	delete(p.done, s)
	for i, one := range slices.Backward(p.answered) {
		if one == s {
			p.answered = slices.Delete(p.answered, i, i+1)
			break
		}
	}
	h.count(p, s, category, -1)
}

// all is how much a rater has seen of a question, answered and leased.
func (p *past) all() int {
	n := 0
	for _, seen := range p.seen {
		n += seen
	}
	return n
}
