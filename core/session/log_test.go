package session

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/events"
)

// following returns all events of a directory's metrics.jsonl.
func following(t *testing.T, dir string) []events.Event {
	t.Helper()
	f := events.Follow(filepath.Join(dir, MetricsFile))
	all, more, _, err := f.Next()
	if err != nil || more || f.Damaged > 0 {
		t.Fatalf("%v, more %v, %d damaged", err, more, f.Damaged)
	}
	return all
}

// step is what a training tells of a step.
func step(at time.Time, step, of int, values map[string]float64) []events.Event {
	moment := []events.Event{{Time: at, Kind: events.Progress, Stage: "tune/full", Done: step, Of: of, Unit: "steps"}}
	for name, value := range values {
		number := events.Number(value)
		moment = append(moment, events.Event{Time: at, Kind: events.Value, Stage: "tune/full", Step: &step, Name: name, Value: &number})
	}
	return moment
}

// TestLongTrainings: a file that people tail does not grow with every step of a long
// training, and lacks neither its ends, nor what is seldom told, nor what is no number.
func TestLongTrainings(t *testing.T) {
	var l logging
	dir := t.TempDir()
	begun := false
	l.to(dir, func() { begun = true }, func(d diag.Diagnostic) { t.Error(d) })
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	fmt.Fprint(&l, "[tiny] an early word\n")
	l.receive([]events.Event{{Time: at, Kind: events.RunBegun, Run: "x@12345678", Of: 1}})
	const steps = 2500
	for s := 1; s <= steps; s++ {
		values := map[string]float64{"loss": 1 / float64(s)}
		if s%625 == 0 {
			values["validation/mse"] = 2
		}
		if s == 2001 {
			values["loss"] = math.NaN()
		}
		l.receive(step(at.Add(time.Duration(s)*time.Millisecond), s, steps, values))
	}
	l.receive(step(at, 1800, steps, map[string]float64{"loss": 3})) // of a try that went back
	l.close()
	if !begun {
		t.Error("nobody was told of the begin")
	}
	has := map[string][]int{}
	progress := 0
	for _, event := range following(t, dir) {
		switch event.Kind {
		case events.Value:
			has[event.Name] = append(has[event.Name], *event.Step)
		case events.Progress:
			progress++
		}
	}
	if got := fmt.Sprint(has["validation/mse"]); got != "[625 1250 1875 2500]" {
		t.Errorf("validation/mse is there at %s", got)
	}
	loss := has["loss"] // every third step, the NaN, the last one, and the one that came again
	if n := len(loss); n < 834 || n > 838 || fmt.Sprint(loss[:3], loss[n-2:]) != "[1 4 7] [2500 1800]" || !strings.Contains(fmt.Sprint(loss), " 2001 ") {
		t.Errorf("the loss is there at %v", loss)
	}
	if progress != 3 { // at once, after 2 s, at the end
		t.Errorf("%d reports of progress", progress)
	}
	text, err := os.ReadFile(filepath.Join(dir, LogFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 5 || !strings.HasSuffix(lines[0], "plugin       [tiny] an early word") || !strings.HasSuffix(lines[4], "tune/full  2500/2500 steps, loss 0.0004, validation/mse 2") && !strings.HasSuffix(lines[4], "validation/mse 2, loss 0.0004") {
		t.Errorf("the log has\n%s", text)
	}
}

// TestWhatIsBusy is repeated seldom, and said at once when it begins and when it ends.
func TestWhatIsBusy(t *testing.T) {
	var l logging
	dir := t.TempDir()
	l.to(dir, func() {}, func(d diag.Diagnostic) { t.Error(d) })
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l.receive([]events.Event{{Time: at, Kind: events.RunBegun, Run: "x@12345678", Of: 1}})
	for second := range 100 {
		e := events.Event{Time: at.Add(time.Duration(second) * time.Second), Kind: events.Progress, Stage: "score/a", Done: second / 90, Of: 9, Unit: "images"}
		if second >= 10 && second < 90 {
			e.Text = fmt.Sprintf("no answer for %d s", second)
		}
		l.receive([]events.Event{e})
	}
	l.close()
	var said []string
	for _, event := range following(t, dir)[1:] {
		said = append(said, fmt.Sprint(event.Time.Sub(at).Seconds(), event.Text != ""))
	}
	if got := strings.Join(said, " "); got != "0 false 2 false 4 false 6 false 8 false 10 true 40 true 70 true 90 false 92 false 94 false 96 false 98 false" {
		t.Error(got)
	}
}

// TestALogThatCannotBeWritten is told once for both files.
func TestALogThatCannotBeWritten(t *testing.T) {
	var l logging
	dir := filepath.Join(t.TempDir(), "runs")
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	told := make(chan diag.Diagnostic, 9)
	l.to(filepath.Join(dir, "x"), func() {}, func(d diag.Diagnostic) { told <- d })
	l.receive([]events.Event{{Time: time.Now(), Kind: events.RunBegun, Run: "x@12345678", Of: 1}})
	l.close()
	if len(told) != 1 {
		t.Fatalf("told %d times", len(told))
	}
	if d := <-told; d.Severity != diag.Warning || !strings.Contains(d.Detail, "The run goes on") {
		t.Errorf("%+v", d)
	}
}
