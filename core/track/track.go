package track

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/plumb-ml/plumb/core/record"
)

// Run is a run as a tracker shows it.
type Run struct {
	Name        string // of the experiment or ablation
	FullName    string // by which the run is found again: NAME@ID
	Basis       string // that of the run's record: a run that waited for people has it under another name
	Description string
	Ablation    bool
	// Items are the tracker's runs: first the run itself, then those below it, which
	// are an ablation's variants, or the models of an experiment.
	Items []Item
}

// Item is one run of a tracker.
type Item struct {
	ID             string // which of the Run's it is; the run itself is Whole
	Name           string // what varies, for legends
	State          record.RunState
	Started, Ended time.Time // Ended is zero while it goes on
	Params         map[string]string
	Tags           map[string]string
	Points         []Point // what was measured, one of each key but for those of a tuning's steps
	Curves         []Curve // of trainings that have ended
	Files          []File
	// Pictures reads the images to show of it; nil: there are none. It reads tables of
	// images, and so it is called when they are sent.
	Pictures *Pictures
}

// Whole is the ID of the item that stands for the run itself.
const Whole = "run"

// Point is a number at a step.
type Point struct {
	Key   string
	Step  int64
	Time  time.Time // in whole milliseconds: with it, a point sent twice is one
	Value float64   // may be NaN or infinite
}

// File is a file that is kept beside a run.
type File struct {
	Path string // where it belongs, with slashes
	Size int64
	// Version is another whenever the content is.
	Version string
	Open    func() (io.ReadCloser, error)
}

// Tracker is where runs are sent. Its methods are for one goroutine at a time, and
// everything may be sent twice: the tracker has it once.
type Tracker interface {
	// Send sends what the tracker lacks of a run, of finished curves too.
	Send(ctx context.Context, run *Run) error
	// Append sends points of an item that was sent before; what is known of a curve
	// while it goes on.
	Append(ctx context.Context, item string, points []Point) error
	// Compare reads back what the tracker has of a run, and of further points by item.
	Compare(ctx context.Context, run *Run, further map[string][]Point) (Comparison, error)
	// Unsent counts what Send would have to send.
	Unsent(run *Run) Amount
	// Answers counts the answers that came; it may be called at any time.
	Answers() int64
	// Link is where people look at the run; empty: it is not known yet.
	Link() string
	// Place is where runs go, without secrets, for messages.
	Place() string
	// Notes are what was left out or is otherwise than asked, a sentence each.
	Notes() []string
}

// Amount is how much was, or is to be, sent.
type Amount struct {
	Runs   int `json:"runs"`
	Values int `json:"values"` // parameters, tags and numbers
	Points int `json:"points"` // of curves
	Files  int `json:"files"`
}

// Any reports whether it is anything.
func (a Amount) Any() bool { return a != Amount{} }

// Comparison is what a tracker has beside what it was sent.
type Comparison struct {
	Read  Amount   // what was looked at
	Wrong []string // what is missing there or otherwise, a sentence each
}

// Refused is an error that trying again does not mend: a wrong address or password, or
// an experiment that was deleted. What is to be sent stays in the queue.
type Refused struct{ Err error }

func (r *Refused) Error() string { return r.Err.Error() }
func (r *Refused) Unwrap() error { return r.Err }

// IsRefused reports whether trying again is of no use.
func IsRefused(err error) bool { return errors.As(err, new(*Refused)) }
