package client

import (
	"fmt"
	"math"
)

// Asked is what a question was about, as its caller named it.
type Asked struct {
	What   string // "image", "pair" or "text"
	ID     string
	Prompt string // empty: none
}

// String reads `image "color/0001/000" (prompt "a red circle")`.
func (a Asked) String() string {
	if a.Prompt == "" {
		return fmt.Sprintf("%s %q", a.What, a.ID)
	}
	return fmt.Sprintf("%s %q (prompt %q)", a.What, a.ID, a.Prompt)
}

// Breach is an answer, or the lack of one, that breaks the contract. This
// package is the only place that checks it: callers rely on what they are
// handed.
type Breach interface {
	error
	// Predicate continues a sentence that begins with the component's name.
	Predicate() string
}

var (
	_ Breach = (*NotFinite)(nil)
	_ Breach = (*Missing)(nil)
	_ Breach = (*Doubled)(nil)
	_ Breach = (*Unasked)(nil)
	_ Breach = (*Empty)(nil)
	_ Breach = (*Changed)(nil)
	_ Breach = (*Malformed)(nil)
	_ Breach = (*Violation)(nil)
)

// NotFinite is an answer that is NaN or infinite, or has such a number in it.
// It is the one breach that a correct plugin commits: with weights that have
// diverged or are damaged.
type NotFinite struct {
	Asked
	What  string // "score", "vector", or a part of a score
	Value float64
}

func (b *NotFinite) Predicate() string {
	if b.What != "vector" {
		return fmt.Sprintf("gives %s the %s %v", b.Asked, b.What, b.Value)
	}
	return fmt.Sprintf("gives %s a %s with %v in it", b.Asked, b.What, b.Value)
}

func (b *NotFinite) Error() string { return sentence(b) }

// Missing is a call that ended with questions unanswered.
type Missing struct {
	First    Asked // of the unanswered, in the order of the questions
	Missing  int
	Expected int
}

func (b *Missing) Predicate() string {
	return fmt.Sprintf("leaves %d of %d unanswered, the first of them %s", b.Missing, b.Expected, b.First)
}

func (b *Missing) Error() string { return sentence(b) }

// Doubled is a second answer to one question.
type Doubled struct{ Asked }

func (b *Doubled) Predicate() string { return fmt.Sprintf("answers twice for %s", b.Asked) }

func (b *Doubled) Error() string { return sentence(b) }

// Unasked is an answer at a position that was never asked.
type Unasked struct {
	Position uint64 // from 0
	Expected int    // questions asked so far
}

func (b *Unasked) Predicate() string {
	return fmt.Sprintf("answers for position %d, which was never asked: there were %d questions, from position 0", b.Position, b.Expected)
}

func (b *Unasked) Error() string { return sentence(b) }

// Empty is an answer without anything in it.
type Empty struct {
	Asked
	What string // "labels", "choices" or "numbers"
}

func (b *Empty) Predicate() string { return fmt.Sprintf("gives %s no %s", b.Asked, b.What) }

func (b *Empty) Error() string { return sentence(b) }

// Changed is an answer of another length than those before it: raters and
// dimensions do not change within a call.
type Changed struct {
	Asked
	What        string // as in Empty
	Now, Before int
}

func (b *Changed) Predicate() string {
	return fmt.Sprintf("gives %s %d %s, and gave %d before", b.Asked, b.Now, b.What, b.Before)
}

func (b *Changed) Error() string { return sentence(b) }

// Malformed is an answer that cannot be read.
type Malformed struct {
	Asked
	Err error
}

func (b *Malformed) Predicate() string {
	return fmt.Sprintf("gives %s an answer that cannot be read: %v", b.Asked, b.Err)
}

func (b *Malformed) Error() string { return sentence(b) }

func (b *Malformed) Unwrap() error { return b.Err }

// Violation is any other breach: one that is not about a single answer.
type Violation struct {
	Summary string // a predicate
}

func (b *Violation) Predicate() string { return b.Summary }

func (b *Violation) Error() string { return sentence(b) }

func violation(format string, arguments ...any) error {
	return &Violation{Summary: fmt.Sprintf(format, arguments...)}
}

func sentence(b Breach) string { return "the plugin " + b.Predicate() }

// nothing is a message with neither an answer nor a signal in it. Protocol
// buffers read it as zeros, which would pass for a score.
func nothing() error { return violation("sends a message without an answer in it") }

// length refuses a count that is 0 or changes between the answers of a call.
type length struct {
	what   string
	before int // 0: none yet
}

func (l *length) check(now int, asked Asked) error {
	switch {
	case now == 0:
		return &Empty{Asked: asked, What: l.what}
	case l.before != 0 && now != l.before:
		return &Changed{Asked: asked, What: l.what, Now: now, Before: l.before}
	}
	l.before = now
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
