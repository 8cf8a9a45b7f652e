package session

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
)

// What is in a run's directory beside its report.
const (
	MetricsFile = "metrics.jsonl" // an event a line, for programs; docs/runs.md has the format
	LogFile     = "log.txt"       // the same for people, with what plugins print
	LogsDir     = "logs"          // what each plugin prints
)

const (
	// mostSteps is about how many steps of a training metrics.jsonl has of each value;
	// the record's curve has all.
	mostSteps = 1000
	// progressEvery is how often it is written how far a stage is.
	progressEvery = 2 * time.Second
	// busyEvery is how often it is repeated that something keeps a stage from getting on.
	busyEvery = 30 * time.Second
	// earlyWords is how many lines of plugins are kept until there is a run.
	earlyWords = 200
)

// logging writes down what a run tells while it goes on, and what plugins print. What
// cannot be written is missing in the files, and is warned of once.
type logging struct {
	mu        sync.Mutex
	metrics   *events.Log // nil: there is no run with a directory
	text      *events.Log
	early     []string       // what plugins printed before
	countdown *run.Countdown // nil: how long the run will be is not known
	counted   time.Time      // when that was written
	begun     func()         // called when the run has its directory for itself
	shown     map[string]time.Time
	busy      map[string]bool // that is what was written last of a stage
	written   map[valueOf]int // the last step that is in the file
	of        map[string]int  // steps of a training, as far as it is known
}

type valueOf struct{ stage, name string }

// to has the files be in a directory from the run's begin on, which comes before
// anything is written there: until then the directory may be that of a run that waited.
// begun is called at that moment. warn is told of the first trouble with either file,
// from another goroutine.
func (l *logging) to(dir string, begun func(), warn func(diag.Diagnostic)) {
	l.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	var once sync.Once
	trouble := func(err error) {
		once.Do(func() {
			warn(diag.Diagnostic{
				Severity: diag.Warning,
				Summary:  "The run's log cannot be written",
				Detail: fmt.Sprintf("%v. The run goes on, and its results do not depend on it; %s and %s of %s lack what could not be written.",
					err, MetricsFile, LogFile, dir),
			})
		})
	}
	l.metrics = events.OpenLog(filepath.Join(dir, MetricsFile), trouble)
	l.text = events.OpenLog(filepath.Join(dir, LogFile), trouble)
	l.shown, l.busy, l.written, l.of = map[string]time.Time{}, map[string]bool{}, map[valueOf]int{}, map[string]int{}
	l.begun = begun
}

// sink is what the run tells to.
func (l *logging) sink() run.Sink { return run.Events(l.receive) }

func (l *logging) receive(moment []events.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.metrics == nil {
		return
	}
	first := moment[0]
	if first.Kind == events.RunBegun {
		for _, line := range l.early {
			l.text.Add([]byte(line))
		}
		l.early = nil
		l.begun()
		l.begun = nil
	}
	show := true
	if first.Kind == events.Progress {
		l.of[first.Stage] = first.Of
		every := progressEvery
		if first.Text != "" && l.busy[first.Stage] {
			every = busyEvery
		}
		show = first.Time.Sub(l.shown[first.Stage]) >= every || first.Of > 0 && first.Done >= first.Of && first.Text == ""
	}
	if show {
		l.shown[first.Stage], l.busy[first.Stage] = first.Time, first.Text != ""
		if text := events.Text(moment); text != "" {
			l.text.Add([]byte(text))
		}
	}
	for _, event := range moment {
		if event.Kind == events.Progress && !show || event.Kind == events.Value && !l.keeps(event) {
			continue
		}
		line, err := event.Line()
		if err != nil { // of a number that JSON does not have, in a metric: there are none in records
			continue
		}
		l.metrics.Add(line)
	}
	l.count(first)
}

// countEvery is how often it is written how far the whole run is, beside every end of a
// stage.
const countEvery = 10 * time.Second

// count writes how far the whole run is.
func (l *logging) count(event events.Event) {
	ended := event.Kind == events.StageEnded && event.Status != record.Cached || event.Kind == events.Metric
	if l.countdown == nil || !ended && event.Time.Sub(l.counted) < countEvery {
		return
	}
	l.counted = event.Time
	left := l.countdown.Left()
	whole := events.Event{Time: event.Time, Kind: events.RunProgress, Done: left.Done, Of: left.Of, Left: &left.Seconds, Unknown: left.Unknown}
	if line, err := whole.Line(); err == nil {
		l.metrics.Add(line)
	}
}

// keeps reports whether a value is written: all of a short training, and of a long one
// the first, those a share of it apart, the last, and what is no number.
func (l *logging) keeps(event events.Event) bool {
	of, step := valueOf{event.Stage, event.Name}, *event.Step
	total := l.of[event.Stage]
	stride := (total + mostSteps - 1) / mostSteps
	last, any := l.written[of]
	if x := float64(*event.Value); any && step > last && step < last+stride && step < total && !math.IsNaN(x) && !math.IsInf(x, 0) {
		return false
	}
	l.written[of] = step
	return true
}

// Write takes a line that a plugin printed, with the plugin's name.
func (l *logging) Write(line []byte) (int, error) {
	text := events.Line(time.Now(), "plugin", "", string(bytes.TrimRight(line, "\n")))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text != nil && l.begun == nil {
		l.text.Add([]byte(text))
	} else if l.early = append(l.early, text); len(l.early) > earlyWords {
		l.early = l.early[1:]
	}
	return len(line), nil
}

// close writes out what is left.
func (l *logging) close() {
	l.mu.Lock()
	metrics, text := l.metrics, l.text
	l.metrics, l.text = nil, nil
	l.mu.Unlock()
	if metrics != nil {
		metrics.Close()
		text.Close()
	}
}
