package client

import "sync"

// ledger keeps count of what was asked and what was answered.
type ledger struct {
	mu      sync.Mutex
	asked   int
	waiting map[int]string // position: name of what was asked
}

func newLedger() *ledger { return &ledger{waiting: map[int]string{}} }

// ask notes a question and returns its position.
func (l *ledger) ask(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	position := l.asked
	l.asked++
	l.waiting[position] = name
	return position
}

// answer crosses a question off and returns its position and name.
func (l *ledger) answer(position uint64) (int, string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if position >= uint64(l.asked) {
		return 0, "", violation("answered for position %d, which was never asked", position)
	}
	name, ok := l.waiting[int(position)]
	if !ok {
		return 0, "", violation("answered twice for position %d", position)
	}
	delete(l.waiting, int(position))
	return int(position), name, nil
}

// settle checks that nothing is left unanswered.
func (l *ledger) settle() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil
	}
	first := l.asked
	for position := range l.waiting {
		first = min(first, position)
	}
	return violation("left %d of %d unanswered, the first of them %q", len(l.waiting), l.asked, l.waiting[first])
}
