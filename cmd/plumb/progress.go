package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/stage"
	"github.com/plumb-ml/plumb/core/visible"
)

// screen shows a run while it goes on: bars on a terminal, else lines.
type screen interface {
	run.Sink
	// Say prints a line among what is shown.
	Say(text string)
}

func (p *program) newScreen(forecast *run.Forecast, whole *run.Countdown) screen {
	labels := labelsOf(forecast)
	if file, is := terminal(p.err); is && !p.noColor {
		return newBars(p, file, whole, labels)
	}
	return &lines{program: p, to: p.err, every: 5 * time.Second, now: time.Now, whole: whole, labels: labels, clocks: map[*plan.Node]*clock{}}
}

// widestLabel is up to what width lines leave room for labels; wider ones are as wide
// as they are.
const widestLabel = 48

// labelsOf is the width of the labels of what is to run.
func labelsOf(forecast *run.Forecast) int {
	width := 0
	for node, n := range forecast.Nodes {
		if !n.Cached {
			width = max(width, utf8.RuneCountInString(node.Label))
		}
	}
	return min(width, widestLabel)
}

// leftText is the number of stages that are done with, and the time left as far as it is
// known.
func leftText(left run.Left) string {
	text := fmt.Sprintf("%d/%d stages", left.Done, left.Of)
	switch {
	case left.ToRun == 0 || left.Seconds < 1: // it is over before it is read
		return text
	case left.Unknown > 0:
		return fmt.Sprintf("%s, about %s left and %s of unknown time", text, seconds(left.Seconds), plural(left.Unknown, "stage", "stages"))
	}
	return fmt.Sprintf("%s, about %s left", text, seconds(left.Seconds))
}

// clock is how far a stage is.
type clock struct {
	run.Measure
	started time.Time
	at      stage.Progress
	values  map[string]float64 // of a training, the last of each
	shown   time.Time
}

func (c *clock) report(p stage.Progress, now time.Time) {
	c.Take(p, now)
	if p.Total == 0 { // a plugin that is busy before its first word of progress
		p.Total, p.Unit = c.at.Total, c.at.Unit
	}
	p.Busy, p.Unit = visible.Text(p.Busy), visible.Text(p.Unit) // a plugin's words
	c.at = p
	for name, value := range p.Values {
		if c.values == nil {
			c.values = map[string]float64{}
		}
		c.values[name] = value
	}
}

func (c *clock) count(unit bool) string {
	var text string
	switch {
	case c.at.Total == 0 && c.at.Done == 0:
		return "" // nothing to count, or not begun
	case c.at.Total > 0:
		text = fmt.Sprintf("%d/%d", c.at.Done, c.at.Total)
	default:
		text = fmt.Sprint(c.at.Done)
	}
	if unit {
		text += " " + c.at.Unit
	}
	return text
}

// text is how far the stage is, how fast, and what it comes to, or what keeps it from
// getting on, in a width; 0: as wide as it is. Where there is no room for all, the pace
// goes first, then further values, the unit, the values, and the time left.
func (c *clock) text(now time.Time, width int) string {
	if c.at.Busy != "" {
		return joined(c.count(true), c.at.Busy)
	}
	pace, left := "", ""
	if p := c.Pace(now); p > 0 {
		pace = rate(1, p)
		if l, known := c.Left(now); known && l > 0 {
			left = seconds(l) + " left"
		}
	}
	var value, more string
	if told := events.Headline(c.values); len(told) > 0 {
		value, more = told[0], strings.Join(told[1:], ", ")
	}
	text := joined(c.count(true), pace, left, value, more)
	for _, shorter := range []string{
		joined(c.count(true), left, value, more), joined(c.count(true), left, value), joined(c.count(false), left, value),
		joined(c.count(false), left), c.count(false),
	} {
		if width == 0 || utf8.RuneCountInString(text) <= width {
			break
		}
		text = shorter
	}
	return text
}

// joined is those of some words that there are.
func joined(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(word string) bool { return word == "" }), ", ")
}

// finishedLine is what stays on the screen of a stage, its name whole; empty for
// those that are only counted.
func finishedLine(node *plan.Node, outcome run.Outcome, width int) string {
	label := pad(node.Label, width)
	switch outcome.Status {
	case record.Done:
		line := fmt.Sprintf("  done    %s  %-6s", label, seconds(outcome.Record.Seconds))
		if r := outcome.Record; r.Items > 0 && node.Kind != record.KindMeasure {
			line += "  " + plural(r.Items, strings.TrimSuffix(r.Unit, "s"), r.Unit)
			if pace := rate(float64(r.Items), r.Seconds); pace != "" {
				line += ", " + pace
			}
		}
		return strings.TrimRight(line, " ")
	case record.Failed:
		return fmt.Sprintf("  FAILED  %s  %s", label, seconds(outcome.Took.Seconds()))
	case record.Waiting:
		return "  waits   " + node.Label
	}
	return ""
}

// shortLabel is a stage's label for a place of a width. Of a variant's stage the
// values that tell it from others stay as long as there is room for any name beside
// them: "tune/full [0.5,120,2]" in the place of names with their values, and then
// less of the stage's own name.
func shortLabel(label string, width int) string {
	if utf8.RuneCountInString(label) <= width {
		return pad(label, width)
	}
	name, variant, ok := strings.Cut(label, " [")
	if !ok {
		return fit(label, width)
	}
	var values []string
	for _, part := range strings.Split(strings.TrimSuffix(variant, "]"), ",") {
		values = append(values, part[strings.Index(part, "=")+1:])
	}
	short := " [" + strings.Join(values, ",") + "]"
	if room := width - utf8.RuneCountInString(short); room >= utf8.RuneCountInString(name) {
		return pad(name+short, width)
	} else if room >= 6 {
		return fit(name, room) + short
	}
	return fit(label, width)
}

// linesOfStage is about how many lines say how far a long stage is: the longer it takes,
// the longer they are apart.
const linesOfStage = 60

// lines prints when stages start and end, and now and then how far they are, each
// line with the time of day: it is what logs have.
type lines struct {
	program *program
	to      io.Writer
	every   time.Duration
	now     func() time.Time
	whole   *run.Countdown
	labels  int // their width

	mu     sync.Mutex
	clocks map[*plan.Node]*clock
}

var _ screen = (*lines)(nil)

func (l *lines) Begun(*record.Run) {}

func (l *lines) Started(node *plan.Node, _ string) {
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
	if now.Sub(c.shown) < max(l.every, now.Sub(c.started)/linesOfStage) {
		return
	}
	c.shown = now
	fmt.Fprintf(l.to, "%s           %s  %s  (%s)\n", now.Format(time.TimeOnly), pad(node.Label, l.labels), c.text(now, 0), leftText(l.whole.Left()))
}

func (l *lines) Finished(node *plan.Node, outcome run.Outcome) {
	if line := finishedLine(node, outcome, l.labels); line != "" {
		l.Say(fmt.Sprintf("%s %s  (%s)", l.now().Format(time.TimeOnly), line, leftText(l.whole.Left())))
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

// barWidth is what a line of a stage at work has beside its label and its words: the
// bar, and the room around it.
const barWidth = 2 + 2 + 10 + 2

// labelWidth is what a line has of a label in a terminal of a width.
func labelWidth(terminal int) int {
	if terminal <= 100 {
		return max(12, 26+(terminal-80)/2)
	}
	return 36 + (terminal - 100)
}

// bars shows a bar for each stage at work.
type bars struct {
	program   *program
	container *mpb.Progress
	whole     *run.Countdown
	labels    int      // their width
	total     *mpb.Bar // of all stages, below the others

	mu    sync.Mutex
	shown map[*plan.Node]*bar
}

func newBars(p *program, file *os.File, whole *run.Countdown, labels int) *bars {
	b := &bars{
		program:   p,
		container: mpb.New(mpb.WithOutput(file), mpb.WithRefreshRate(150*time.Millisecond)),
		whole:     whole,
		labels:    labels,
		shown:     map[*plan.Node]*bar{},
	}
	b.total = b.container.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.BarPriority(math.MaxInt),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return "  " + leftText(whole.Left()) })))
	return b
}

var _ screen = (*bars)(nil)

type bar struct {
	clock
	mu  sync.Mutex
	bar *mpb.Bar
}

func (b *bars) Begun(*record.Run) {}

func (b *bars) Started(node *plan.Node, _ string) {
	items, unit := node.Items()
	one := &bar{clock: clock{started: time.Now(), at: stage.Progress{Total: items, Unit: unit}}}
	width := b.program.width(b.program.err)
	label := shortLabel(node.Label, labelWidth(width))
	room := max(1, width-barWidth-utf8.RuneCountInString(label))
	one.bar = b.container.New(int64(items),
		mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─"),
		mpb.BarRemoveOnComplete(),
		mpb.BarWidth(10),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return "  " + label + "  " })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			one.mu.Lock()
			defer one.mu.Unlock()
			return "  " + one.text(time.Now(), room)
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
	if line := finishedLine(node, outcome, b.labels); line != "" {
		b.Say(line)
	}
	if one != nil {
		one.bar.Abort(true)
	}
}

func (b *bars) Warn(_ *plan.Node, warning diag.Diagnostic) {
	var text writerFunc = func(p []byte) (int, error) { return b.container.Write(p) }
	diag.WriteText(text, diag.List{warning}, diag.TextOptions{
		Width: b.program.width(b.program.err), Color: b.program.color(b.program.err), Sources: b.program.files.Sources(), Block: b.program.files.Block,
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
	b.total.Abort(true)
	b.container.Wait()
}
