package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/stage"
	"github.com/plumb-ml/plumb/core/visible"
)

// screen shows a run while it goes on: bars on a terminal, else lines.
type screen interface {
	run.Sink
	// Say prints a line among what is shown.
	Say(text string)
}

func (p *program) newScreen() screen {
	if file, is := terminal(p.err); is && !p.noColor {
		return &bars{program: p, container: mpb.New(mpb.WithOutput(file), mpb.WithRefreshRate(150*time.Millisecond)), shown: map[*plan.Node]*bar{}}
	}
	return &lines{program: p, to: p.err, every: 5 * time.Second, clocks: map[*plan.Node]*clock{}}
}

// clock measures how fast a stage is. It starts with the first report, so the
// time to load a model is not taken for slow work, nor what an earlier try
// has left for fast work.
type clock struct {
	started   time.Time
	first     time.Time
	firstDone int
	at        stage.Progress
	shown     time.Time
}

func (c *clock) report(p stage.Progress, now time.Time) {
	if c.first.IsZero() && p.Busy == "" {
		c.first, c.firstDone = now, p.Done
	}
	if p.Total == 0 { // a plugin that is busy before its first word of progress
		p.Total, p.Unit = c.at.Total, c.at.Unit
	}
	p.Busy, p.Unit = visible.Text(p.Busy), visible.Text(p.Unit) // a plugin's words
	c.at = p
}

// pace is the rate and the time left in words, as far as they are known.
func (c *clock) pace(now time.Time) string {
	if c.at.Busy != "" {
		return c.at.Busy
	}
	elapsed := now.Sub(c.first).Seconds()
	done := float64(c.at.Done - c.firstDone)
	if c.first.IsZero() || done <= 0 || elapsed < 0.2 {
		return ""
	}
	text := rate(done, elapsed)
	if c.at.Total > c.at.Done {
		text += ", " + seconds(float64(c.at.Total-c.at.Done)*elapsed/done) + " left"
	}
	return text
}

func (c *clock) count() string {
	switch {
	case c.at.Total == 0 && c.at.Done == 0:
		return "" // nothing to count, or not begun
	case c.at.Total > 0:
		return fmt.Sprintf("%d/%d %s", c.at.Done, c.at.Total, c.at.Unit)
	}
	return fmt.Sprintf("%d %s", c.at.Done, c.at.Unit)
}

// text is how far the stage is, and how fast, or what keeps it from getting on.
func (c *clock) text(now time.Time) string {
	count, pace := c.count(), c.pace(now)
	if count == "" || pace == "" {
		return count + pace
	}
	return count + ", " + pace
}

// finishedLine is what stays on the screen of a stage; empty for those that
// are only counted.
func finishedLine(node *plan.Node, outcome run.Outcome) string {
	switch outcome.Status {
	case record.Done:
		line := fmt.Sprintf("  done    %s  %-6s", fit(node.Label, 34), seconds(outcome.Record.Seconds))
		if r := outcome.Record; r.Items > 0 && node.Kind != record.KindMeasure {
			line += "  " + plural(r.Items, strings.TrimSuffix(r.Unit, "s"), r.Unit)
			if pace := rate(float64(r.Items), r.Seconds); pace != "" {
				line += ", " + pace
			}
		}
		return strings.TrimRight(line, " ")
	case record.Failed:
		return fmt.Sprintf("  FAILED  %s  %s", fit(node.Label, 34), seconds(outcome.Took.Seconds()))
	case record.Waiting:
		return fmt.Sprintf("  waits   %s", strings.TrimRight(fit(node.Label, 34), " "))
	}
	return ""
}

// lines prints when stages start and end, and now and then how far they are.
type lines struct {
	program *program
	to      io.Writer
	every   time.Duration

	mu     sync.Mutex
	clocks map[*plan.Node]*clock
}

var _ screen = (*lines)(nil)

func (l *lines) Begun(*record.Run) {}

func (l *lines) Started(node *plan.Node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	items, unit := node.Items()
	l.clocks[node] = &clock{started: now, shown: now, at: stage.Progress{Total: items, Unit: unit}}
}

func (l *lines) Progress(node *plan.Node, progress stage.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.clocks[node]
	if c == nil {
		return
	}
	now := time.Now()
	c.report(progress, now)
	if now.Sub(c.shown) < l.every {
		return
	}
	c.shown = now
	fmt.Fprintf(l.to, "          %s  %s\n", fit(node.Label, 28), c.text(now))
}

func (l *lines) Finished(node *plan.Node, outcome run.Outcome) {
	if line := finishedLine(node, outcome); line != "" {
		l.Say(line)
	}
}

func (l *lines) Warn(_ *plan.Node, warning diag.Diagnostic) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.program.complain(diag.List{warning})
}

func (l *lines) Say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.to, text)
}

func (l *lines) Ended(*run.Result) {}

// bars shows a bar for each stage at work.
type bars struct {
	program   *program
	container *mpb.Progress

	mu    sync.Mutex
	shown map[*plan.Node]*bar
}

var _ screen = (*bars)(nil)

type bar struct {
	clock
	mu  sync.Mutex
	bar *mpb.Bar
}

func (b *bars) Begun(*record.Run) {}

func (b *bars) Started(node *plan.Node) {
	items, unit := node.Items()
	one := &bar{clock: clock{started: time.Now(), at: stage.Progress{Total: items, Unit: unit}}}
	label := fit(node.Label, 26)
	one.bar = b.container.New(int64(items),
		mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─"),
		mpb.BarRemoveOnComplete(),
		mpb.BarWidth(10),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return "  " + label + "  " })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			one.mu.Lock()
			defer one.mu.Unlock()
			return "  " + one.text(time.Now())
		})),
	)
	b.mu.Lock()
	defer b.mu.Unlock()
	if before := b.shown[node]; before != nil { // the stage is tried again
		before.bar.Abort(true)
	}
	b.shown[node] = one
}

func (b *bars) Progress(node *plan.Node, progress stage.Progress) {
	b.mu.Lock()
	one := b.shown[node]
	b.mu.Unlock()
	if one == nil {
		return
	}
	one.mu.Lock()
	one.report(progress, time.Now())
	one.mu.Unlock()
	if progress.Busy != "" {
		return // how far the bar is does not change
	}
	if progress.Total > 0 {
		// One more than there is: a full bar would count as complete and
		// vanish before the stage's outputs are in the store.
		one.bar.SetTotal(int64(progress.Total)+1, false)
	}
	one.bar.SetCurrent(int64(progress.Done))
}

func (b *bars) Finished(node *plan.Node, outcome run.Outcome) {
	b.mu.Lock()
	one := b.shown[node]
	delete(b.shown, node)
	b.mu.Unlock()
	if line := finishedLine(node, outcome); line != "" {
		b.Say(line)
	}
	if one != nil {
		one.bar.Abort(true)
	}
}

func (b *bars) Warn(_ *plan.Node, warning diag.Diagnostic) {
	var text writerFunc = func(p []byte) (int, error) { return b.container.Write(p) }
	diag.WriteText(text, diag.List{warning}, diag.TextOptions{
		Width: b.program.width(b.program.err), Color: b.program.color(b.program.err), Sources: b.program.sources, Block: new(spec.Blocks).At,
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (b *bars) Say(text string) { fmt.Fprintln(b.container, text) }

func (b *bars) Ended(*run.Result) {
	b.mu.Lock()
	for node, one := range b.shown {
		one.bar.Abort(true)
		delete(b.shown, node)
	}
	b.mu.Unlock()
	b.container.Wait()
}
