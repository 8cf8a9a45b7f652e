package live

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/visible"
)

// mostSaid is how many of the last things that happened are shown.
const mostSaid = 14

// board is what the events of a run add up to.
type board struct {
	begun, last time.Time
	done, of    int      // stages
	left        *float64 // seconds; nil: not known
	unknown     int      // stages whose time is not in left
	leftAt      time.Time
	counts      map[record.Status]int
	works       []*work           // stages that are at work, in the order in which they began
	labels      map[string]string // of stages by key
	ends        map[string]int    // the order in which stages have ended, by key
	curves      curves
	said        []string
	troubles    []string // what failed and waits, and warnings, the last of them
}

// work is a stage that is at work.
type work struct {
	stage  string
	begun  time.Time
	at     events.Event
	values map[string]float64
}

func newBoard() *board {
	return &board{counts: map[record.Status]int{}, labels: map[string]string{}, ends: map[string]int{}}
}

// take takes events in their order.
func (b *board) take(all []events.Event) {
	for _, e := range all {
		b.last = e.Time
		switch e.Kind {
		case events.RunBegun: // again, it may be: what is cached is told again
			b.begun, b.done, b.of, b.left, b.unknown = e.Time, 0, e.Of, nil, 0
			b.counts, b.works = map[record.Status]int{}, nil
			b.troubles = nil
		case events.RunProgress:
			b.left, b.unknown, b.leftAt = e.Left, e.Unknown, e.Time
		case events.RunEnded:
			b.works, b.left = nil, nil
		case events.StageBegun:
			b.labels[e.Key] = e.Stage
			b.works = append(slices.DeleteFunc(b.works, func(w *work) bool { return w.stage == e.Stage }), &work{stage: e.Stage, begun: e.Time, at: e, values: map[string]float64{}})
			b.curves.begin(e)
		case events.Progress:
			if w := b.work(e.Stage); w != nil {
				w.at = e
			}
		case events.Value:
			if w := b.work(e.Stage); w != nil {
				w.values[e.Name] = float64(*e.Value)
			}
			b.curves.add(e)
		case events.StageEnded:
			b.end(e)
		case events.Warning:
			b.trouble(e)
		}
		if e.Kind != events.Progress && e.Kind != events.Value && e.Kind != events.RunProgress && !(e.Kind == events.StageEnded && e.Status == record.Cached) {
			e.Text = visible.Brief(e.Text, mostText)
			b.said = append(b.said, events.Text([]events.Event{e}))
			b.said = b.said[max(0, len(b.said)-mostSaid):]
		}
	}
}

func (b *board) work(stage string) *work {
	for _, w := range b.works {
		if w.stage == stage {
			return w
		}
	}
	return nil
}

func (b *board) end(e events.Event) {
	b.done++
	b.counts[e.Status]++
	b.works = slices.DeleteFunc(b.works, func(w *work) bool { return w.stage == e.Stage })
	if e.Key != "" {
		b.labels[e.Key] = e.Stage
		if e.Status != record.Cached {
			b.ends[e.Key] = len(b.ends) + 1
		}
	}
	if e.Status == record.Failed || e.Status == record.Waiting {
		b.trouble(e)
	}
}

// mostTroubles is how many troubles are shown.
const mostTroubles = 8

func (b *board) trouble(e events.Event) {
	word := map[record.Status]string{record.Failed: "failed", record.Waiting: "waits for people"}[e.Status]
	text := strings.TrimSpace(e.Stage + " " + word)
	if e.Text != "" {
		text = strings.TrimPrefix(text+": "+e.Text, ": ")
	}
	b.troubles = append(b.troubles, visible.Brief(text, mostText))
	b.troubles = b.troubles[max(0, len(b.troubles)-mostTroubles):]
}

// mostText is about how much of a text is shown; the run's log has all.
const mostText = 600

// timeLeft is about how long the run will be, in words; empty if it is not known.
func (b *board) timeLeft(now time.Time) string {
	if b.left == nil {
		return ""
	}
	text := ""
	if left := *b.left - now.Sub(b.leftAt).Seconds(); left >= 1 {
		text = "about " + duration(time.Duration(left*float64(time.Second))) + " left"
	}
	if b.unknown > 0 {
		if text != "" {
			text += " and "
		}
		text += counted(b.unknown, "stage") + " of unknown time"
	}
	return text
}

// duration is a time for people.
func duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
