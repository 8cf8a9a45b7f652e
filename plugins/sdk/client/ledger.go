package client

import "sync"

// ledger keeps count of what was asked and what was answered.
type ledger struct {
	mu       sync.Mutex
	asked    []Asked // by position
	answered []bool
	answers  int
}

// ask notes a question and returns its position.
func (l *ledger) ask(what Asked) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked, l.answered = append(l.asked, what), append(l.answered, false)
	return len(l.asked) - 1
}

// answer crosses a question off and returns its position and what it was about.
func (l *ledger) answer(position uint64) (int, Asked, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if position >= uint64(len(l.asked)) {
		return 0, Asked{}, &Unasked{Position: position, Expected: len(l.asked)}
	}
	if l.answered[position] {
		return 0, Asked{}, &Doubled{l.asked[position]}
	}
	l.answered[position] = true
	l.answers++
	return int(position), l.asked[position], nil
}

// settle checks that nothing is left unanswered.
func (l *ledger) settle() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for position, answered := range l.answered {
		if !answered {
			return &Missing{First: l.asked[position], Missing: len(l.asked) - l.answers, Expected: len(l.asked)}
		}
	}
	return nil
}
