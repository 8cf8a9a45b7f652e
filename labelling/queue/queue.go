package queue

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/people"
)

var (
	// ErrUnknown says that a task was never this rater's.
	ErrUnknown = errors.New("no such task is yours")
	// ErrStale says that the lease ran out, and that others answer the item.
	ErrStale = errors.New("it took so long that others have been asked")
	// ErrWithdrawn says that the item is not asked any more.
	ErrWithdrawn = errors.New("this is not asked any more")
	// ErrAnswered says that the rater has answered the task.
	ErrAnswered = errors.New("you have answered this before")
)

// Options are what a queue stands on.
type Options struct {
	Secret []byte           // what task IDs and chance are made from: whoever has it can tell them
	Lease  time.Duration    // how long a rater holds what is shown after the last sign of life
	Now    func() time.Time //
}

// Asked is a question and what it is asked about. Items that are in Gold are shown for
// checking alone.
type Asked struct {
	people.Question
	Items []people.Item
}

// Queue is for concurrent use.
type Queue struct {
	Options

	mu        sync.Mutex
	questions []*question         // that are asked, in order
	reported  map[string]bool     // images
	histories map[string]*history // by the question's name
	raters    map[string]*rater
	tasks     map[string]*task // all that were handed out, by ID
	namer     namer
	places    map[uint64]place // what can be shown, but attention checks; nil: not looked up yet
}

// place is an item that is asked, and why it is shown.
type place struct {
	question *question
	item     *item
	purpose  people.Purpose
}

// rater is who was shown something.
type rater struct {
	key     uint64           // of chance
	screens []*screen        // with an open task, in the order in which they are shown
	until   time.Time        // when they go to others
	names   map[string]*task // all tasks that this rater could have had before a restart, by ID; nil: not made yet
}

// screen is one that was handed out.
type screen struct {
	id    string
	tasks []*task
}

// task is one that was handed out.
type task struct {
	id       string
	rater    string
	question string
	item     *people.Item // of an attention check one that is made up
	shown    []string
	purpose  people.Purpose
	said     people.Answers // nil: open
	screen   *screen        // nil: of before a restart
}

func (t *task) showing() showing { return showingOf(t.item, t.purpose) }

// New is a queue that asks nothing yet.
func New(options Options) *Queue {
	return &Queue{Options: options, histories: map[string]*history{}, raters: map[string]*rater{}, tasks: map[string]*task{}, namer: newNamer(options.Secret)}
}

// Set says what is asked, in which order, and which images were reported as unsafe. It is
// called again when there are more images, or less. What raters hold stays theirs where
// it still is asked.
func (q *Queue) Set(asked []Asked, reported map[string]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.questions, q.reported, q.places = nil, reported, nil
	for _, one := range asked {
		q.questions = append(q.questions, newQuestion(one, q.history(one.Name)))
	}
	for _, r := range q.raters {
		for _, s := range slices.Clone(r.screens) {
			s.tasks = slices.DeleteFunc(s.tasks, func(t *task) bool {
				gone := t.said == nil && q.withdrawn(t)
				if gone {
					q.lease(t, false)
					t.screen = nil
				}
				return gone
			})
			r.settle(s)
		}
	}
}

// question returns the one of a name that is asked.
func (q *Queue) question(name string) *question {
	for _, one := range q.questions {
		if one.Name == name {
			return one
		}
	}
	return nil
}

func (q *Queue) history(name string) *history {
	h := q.histories[name]
	if h == nil {
		h = newHistory(name, q.Secret)
		q.histories[name] = h
	}
	return h
}

func (q *Queue) rater(name string) *rater {
	r := q.raters[name]
	if r == nil {
		r = &rater{key: chance(q.Secret, "rater", name)}
		q.raters[name] = r
	}
	return r
}

// withdrawn reports whether a task's item is not asked any more.
func (q *Queue) withdrawn(t *task) bool {
	asks := q.question(t.question)
	if asks == nil || q.unsafe(t.item) {
		return true
	}
	return t.purpose != people.Attentive && asks.items[t.item.ID] == nil
}

// unsafe reports whether an image of an item was reported.
func (q *Queue) unsafe(item *people.Item) bool {
	return slices.ContainsFunc(item.Images, func(image string) bool { return q.reported[image] })
}

func (q *Queue) lease(t *task, held bool) {
	q.history(t.question).lease(t.rater, t.showing(), t.item.Category, held)
}

func (q *Queue) leased(t *task) bool {
	return q.history(t.question).of(t.rater).leased[t.showing()]
}

// settle lets a screen go on which nothing is open.
func (r *rater) settle(s *screen) {
	if !slices.ContainsFunc(s.tasks, func(t *task) bool { return t.said == nil }) {
		r.screens = slices.DeleteFunc(r.screens, func(one *screen) bool { return one == s })
	}
}

// release gives back what a rater holds.
func (q *Queue) release(r *rater) {
	for _, s := range r.screens {
		for _, t := range s.tasks {
			if t.said == nil {
				q.lease(t, false)
			}
		}
	}
	r.screens = nil
}

// Release gives back what a rater holds, as when a link is revoked.
func (q *Queue) Release(rater string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.raters[rater]; r != nil {
		q.release(r)
	}
}

// renew gives back what others have let run out, and is a sign of life of a rater: one
// who comes late finds everything that nobody has asked for meanwhile.
func (q *Queue) renew(name string) *rater {
	now, r := q.Now(), q.rater(name)
	for _, one := range q.raters {
		if one != r && len(one.screens) > 0 && !now.Before(one.until) {
			q.release(one)
		}
	}
	r.until = now.Add(q.Lease)
	return r
}

// mostScreens bounds how many screens a rater can hold.
const mostScreens = 16

// Next returns up to so many screens with something open on them, leased to the rater:
// first those that the rater has, so that a page that is loaded again shows the same.
// Towards the end, when there is less to do than raters could hold, it returns fewer;
// none if nothing is open to this rater, or others hold what is.
func (q *Queue) Next(rater string, screens int) []Screen {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.renew(rater)
	screens = min(screens, mostScreens)
	for len(r.screens) < screens && (len(r.screens) == 0 || q.plenty(r)) {
		s := q.choose(rater, r)
		if s == nil {
			break
		}
		r.screens = append(r.screens, s)
	}
	var shown []Screen
	for _, s := range r.screens[:min(len(r.screens), max(screens, 0))] {
		shown = append(shown, q.shown(s, r.until))
	}
	return shown
}

// plenty reports whether there is enough to do for a rater to hold more than one screen:
// whoever comes last is not to wait for what others have on later screens.
func (q *Queue) plenty(r *rater) bool {
	missing, active, holds := 0, 0, 0
	for _, asks := range q.questions {
		missing += q.missing(asks)
	}
	now := q.Now()
	for _, one := range q.raters {
		if now.Before(one.until) {
			active++
		}
	}
	for _, s := range r.screens {
		holds += len(s.tasks)
	}
	return (holds+1)*active < missing
}

// missing is how many answers a question still wants, leased ones included.
func (q *Queue) missing(asks *question) int {
	n := 0
	for _, item := range asks.order {
		if !item.gold && !q.unsafe(&item.Item) {
			n += max(asks.Raters-len(item.state.answers), 0)
		}
	}
	return n
}

func (q *Queue) shown(s *screen, until time.Time) Screen {
	first := s.tasks[0]
	asks := q.question(first.question)
	out := Screen{ID: s.id, Question: asks.Name, Kind: asks.Kind, Aspects: slices.Clone(asks.Aspects), Prompt: first.item.Prompt, Category: first.item.Category, Until: until}
	for _, t := range s.tasks {
		out.Tasks = append(out.Tasks, Task{ID: t.id, Item: t.item.ID, Shown: slices.Clone(t.shown), Purpose: t.purpose, Said: t.said})
	}
	return out
}

// Answer takes what a rater says of a task, in words of what is shown (left, right), and
// returns the judgement, which lacks its ID and page. An answer that comes after the
// lease has run out is taken where the item still wants one. What cannot be stored is to
// be withdrawn.
func (q *Queue) Answer(rater, taskID string, said people.Answers, duration time.Duration) (people.Judgement, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.renew(rater)
	t := q.tasks[taskID]
	if t == nil {
		t = q.before(rater, r, taskID)
	}
	if t == nil || t.rater != rater {
		return people.Judgement{}, ErrUnknown
	}
	if q.withdrawn(t) {
		return people.Judgement{}, ErrWithdrawn
	}
	asks, h := q.question(t.question), q.history(t.question)
	if h.of(rater).done[t.showing()] {
		return people.Judgement{}, ErrAnswered
	}
	answers, err := fromShown(&asks.Question, t.item, t.shown, said)
	if err != nil {
		return people.Judgement{}, err
	}
	if t.purpose == people.Asked && !q.leased(t) && h.item(t.item.ID).elsewhere(rater) >= asks.Raters {
		return people.Judgement{}, ErrStale
	}
	q.tasks[taskID] = t
	q.take(t, answers)
	shown := t.shown
	if asks.Kind == people.Rate && t.screen != nil {
		shown = nil
		for _, beside := range t.screen.tasks {
			shown = append(shown, beside.shown...)
		}
	}
	return people.Judgement{
		Question: t.question, Item: t.item.ID, Images: slices.Clone(t.item.Images), Prompt: t.item.Prompt, Category: t.item.Category,
		Rater: rater, Purpose: t.purpose, Answers: answers, Shown: slices.Clone(shown), Time: q.Now().UTC().Truncate(time.Millisecond), Duration: max(duration, 0),
	}, nil
}

// take remembers an answer to a task and gives its lease back.
func (q *Queue) take(t *task, answers people.Answers) {
	h := q.history(t.question)
	q.lease(t, false)
	h.add(t.rater, t.showing(), t.item.Category, answers)
	t.said = inShown(&q.question(t.question).Question, t.item, t.shown, answers)
	if t.screen != nil {
		q.rater(t.rater).settle(t.screen)
	}
}

// Record tells of a judgement that was stored: at the start, or from elsewhere.
func (q *Queue) Record(j people.Judgement) {
	q.mu.Lock()
	defer q.mu.Unlock()
	item := itemOf(j)
	if t := q.tasks[q.taskID(j.Rater, j.Question, &item, j.Purpose)]; t != nil && !q.withdrawn(t) {
		q.take(t, j.Answers)
		return
	}
	q.history(j.Question).add(j.Rater, showingOf(&item, j.Purpose), j.Category, j.Answers)
}

func itemOf(j people.Judgement) people.Item {
	return people.Item{ID: j.Item, Images: j.Images, Prompt: j.Prompt, Category: j.Category}
}

// Withdraw tells of a judgement that was taken back, or could not be stored: its task is
// open again, leased to the same rater, on its screen, which comes first.
func (q *Queue) Withdraw(j people.Judgement) {
	q.mu.Lock()
	defer q.mu.Unlock()
	item := itemOf(j)
	q.history(j.Question).remove(j.Rater, showingOf(&item, j.Purpose), j.Category)
	r := q.renew(j.Rater)
	id := q.taskID(j.Rater, j.Question, &item, j.Purpose)
	t := q.tasks[id]
	if t == nil {
		t = q.before(j.Rater, r, id)
	}
	if t == nil || q.withdrawn(t) {
		return
	}
	t.said = nil
	if t.screen == nil {
		t.screen = q.newScreen([]*task{t})
	}
	q.tasks[id] = t
	if !slices.Contains(r.screens, t.screen) { // what was open on it when its lease ran out is others'
		t.screen.tasks = slices.DeleteFunc(t.screen.tasks, func(beside *task) bool {
			gone := beside != t && beside.said == nil
			if gone {
				beside.screen = nil
			}
			return gone
		})
	}
	q.lease(t, true)
	r.screens = slices.DeleteFunc(r.screens, func(s *screen) bool { return s == t.screen })
	r.screens = slices.Insert(r.screens, 0, t.screen)
}

// Remove tells of a judgement that somebody else took back or deleted: its item is open
// again, for whoever comes next.
func (q *Queue) Remove(j people.Judgement) {
	q.mu.Lock()
	defer q.mu.Unlock()
	item := itemOf(j)
	q.history(j.Question).remove(j.Rater, showingOf(&item, j.Purpose), j.Category)
	t := q.tasks[q.taskID(j.Rater, j.Question, &item, j.Purpose)]
	if t == nil || t.said == nil || t.screen == nil {
		return
	}
	r, s := q.rater(j.Rater), t.screen
	t.said, t.screen = nil, nil
	s.tasks = slices.DeleteFunc(s.tasks, func(beside *task) bool { return beside == t })
	r.settle(s)
}

// Forget lets go of a rater, with all that was said and is held.
func (q *Queue) Forget(rater string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.raters[rater]; r != nil {
		q.release(r)
		delete(q.raters, rater)
	}
	for _, h := range q.histories {
		for category, n := range h.of(rater).categories {
			h.categories[category] -= n
		}
		delete(h.raters, rater)
		for _, item := range h.items {
			delete(item.answers, rater)
		}
	}
	for id, t := range q.tasks {
		if t.rater == rater {
			delete(q.tasks, id)
		}
	}
}

// Standing is how far a rater is.
type Standing struct {
	Answered  int // tasks, checks included
	Open      int // items that this rater can answer, those on the rater's screens included
	Held      int // items that come to this rater if others do not answer what they hold
	Questions []QuestionStanding
}

// QuestionStanding is how far a rater is with a question.
type QuestionStanding struct {
	Name                 string
	Answered, Open, Held int
}

// Standing is how far a rater is.
func (q *Queue) Standing(rater string) Standing {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all Standing
	for _, asks := range q.questions {
		h := q.history(asks.Name)
		one := QuestionStanding{Name: asks.Name, Answered: len(h.of(rater).answered)}
		for s := range h.of(rater).leased {
			if s.purpose != people.Asked {
				one.Open++
			}
		}
		for _, item := range asks.order {
			if _, answered := item.state.answers[rater]; answered || item.gold || q.unsafe(&item.Item) {
				continue
			}
			switch {
			case item.state.elsewhere(rater) < asks.Raters:
				one.Open++
			case len(item.state.answers) < asks.Raters:
				one.Held++
			}
		}
		all.Answered, all.Open, all.Held = all.Answered+one.Answered, all.Open+one.Open, all.Held+one.Held
		all.Questions = append(all.Questions, one)
	}
	return all
}

// Progress is how far each question is, in the order of Set.
func (q *Queue) Progress() []people.Progress {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []people.Progress
	for _, asks := range q.questions {
		var items []people.Item
		var judgements []people.Judgement
		for _, item := range asks.order {
			items = append(items, item.Item)
			for rater := range item.state.answers {
				judgements = append(judgements, people.Judgement{Question: asks.Name, Item: item.ID, Rater: rater, Purpose: people.Asked})
			}
		}
		all = append(all, people.ProgressOf(asks.Question, items, judgements, q.reported))
	}
	return all
}

// taskID names a task: the same for the same rater, question, item and purpose.
func (q *Queue) taskID(rater, question string, item *people.Item, purpose people.Purpose) string {
	return q.namer.name(q.showingKey(question, showingOf(item, purpose)), q.rater(rater).key)
}

// showingKey is a number by chance for why an item is shown.
func (q *Queue) showingKey(question string, s showing) uint64 {
	if s.purpose == people.Attentive {
		return chance(q.Secret, "attention", question, s.item, s.prompt)
	}
	return mixed(q.history(question).item(s.item).key, purposeKeys[s.purpose])
}

// purposeKeys are any numbers that differ.
var purposeKeys = map[people.Purpose]uint64{people.Asked: 1, people.Again: 2, people.Known: 3}

// before finds a task that a rater may have had before a restart; nil if there is none.
// Attention checks are not among them.
func (q *Queue) before(rater string, r *rater, id string) *task {
	if q.places == nil {
		q.places = map[uint64]place{}
		for _, asks := range q.questions {
			for _, one := range asks.order {
				purposes := []people.Purpose{people.Asked, people.Again}
				if one.gold {
					purposes = []people.Purpose{people.Known}
				}
				for _, purpose := range purposes {
					q.places[q.showingKey(asks.Name, showingOf(&one.Item, purpose))] = place{asks, one, purpose}
				}
			}
		}
	}
	key, whose, ok := q.namer.named(id)
	at, known := q.places[key]
	if !ok || !known || whose != r.key {
		return nil
	}
	if at.purpose == people.Again && !q.history(at.question.Name).of(rater).done[showingOf(&at.item.Item, people.Asked)] {
		return nil
	}
	return q.newTask(rater, at.question, &at.item.Item, at.purpose)
}

func (q *Queue) newTask(rater string, asks *question, item *people.Item, purpose people.Purpose) *task {
	t := &task{id: q.taskID(rater, asks.Name, item, purpose), rater: rater, question: asks.Name, item: item, purpose: purpose}
	t.shown = slices.Clone(item.Images)
	shuffle(t.shown, func(image string) uint64 { return chance(q.Secret, "side", t.id, image) })
	return t
}

// newScreen puts tasks on a screen, in an order that is as good as random.
func (q *Queue) newScreen(tasks []*task) *screen {
	shuffle(tasks, func(t *task) uint64 { return chance(q.Secret, "place", t.id) })
	s := &screen{tasks: tasks}
	words := []string{"screen"}
	for _, t := range tasks {
		words = append(words, t.id)
		t.screen = s
	}
	s.id = name(q.Secret, words...)
	return s
}

func shuffle[T any](all []T, key func(T) uint64) {
	keys := map[int]uint64{}
	order := make([]int, len(all))
	for i, one := range all {
		keys[i], order[i] = key(one), i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case keys[a] < keys[b]:
			return -1
		case keys[a] > keys[b]:
			return 1
		}
		return a - b
	})
	sorted := make([]T, len(all))
	for i, at := range order {
		sorted[i] = all[at]
	}
	copy(all, sorted)
}
