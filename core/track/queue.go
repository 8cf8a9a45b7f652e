package track

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// Files of tracking in a run's directory.
const (
	QueueFile = "tracking.jsonl" // what trainings report, in the format of metrics.jsonl
	StateFile = "tracking.json"  // where it goes, and how far it came
)

// Places says in which items of a run a training shows, and what it is called there.
type Places map[string][]Place // by the stage's label

// Place is a stage in an item.
type Place struct{ Item, Stage string }

// Queue holds on disk what trainings report, in the order in which it came, until a
// tracker has it, and longer: the time of a point is written once, so that a point that is
// sent again is the same point.
type Queue struct {
	log    *events.Log
	places Places
}

// OpenQueue opens the queue in a directory to write to. Trouble with the disk is told
// once, and never to those who add.
func OpenQueue(dir string, places Places, trouble func(error)) *Queue {
	return &Queue{log: events.OpenLog(filepath.Join(dir, QueueFile), trouble), places: places}
}

// Add adds what an event says of a training; other events are passed over.
func (q *Queue) Add(event events.Event) {
	if event.Kind != events.Value || event.Step == nil || event.Value == nil {
		return
	}
	for _, place := range q.places[event.Stage] {
		placed := event
		placed.Run, placed.Name = place.Item, curveKey(place.Stage, event.Name)
		if line, err := placed.Line(); err == nil { // of numbers and texts: it has one
			q.log.Add(line)
		}
	}
}

// Close writes what is pending.
func (q *Queue) Close() (lost int) { return q.log.Close() }

// queued is a point with the item that it is of.
type queued struct {
	item string
	Point
}

// reader takes points from a queue, each step of a curve once: a training that was
// killed reports steps again, and the first report has the time that was sent.
type reader struct {
	follower *events.Follower
	last     map[[2]string]int64
	taken    int
}

func readQueue(dir string) *reader {
	return &reader{follower: events.Follow(filepath.Join(dir, QueueFile)), last: map[[2]string]int64{}}
}

// next returns some of the points that have come; more says that others wait.
func (r *reader) next() (points []queued, more bool, err error) {
	read, more, anew, err := r.follower.Next()
	if anew {
		r.last, r.taken = map[[2]string]int64{}, 0
	}
	for _, event := range read {
		if event.Kind != events.Value || event.Step == nil || event.Value == nil {
			continue
		}
		at, step := [2]string{event.Run, event.Name}, int64(*event.Step)
		if last, known := r.last[at]; known && step <= last {
			continue
		}
		r.last[at] = step
		r.taken++
		points = append(points, queued{event.Run, Point{Key: event.Name, Step: step, Time: event.Time.Truncate(time.Millisecond), Value: float64(*event.Value)}})
	}
	return points, more, err
}

// State is how far a run's tracking came. Losing it costs time alone: what is sent again
// is there once.
type State struct {
	Tracker    string            `json:"tracker"`              // such as "mlflow"
	Address    string            `json:"address"`              // without user and password
	Experiment string            `json:"experiment,omitempty"` // empty: the run's own name
	Points     int               `json:"points"`               // of the queue, that were sent
	Files      map[string]string `json:"files,omitempty"`      // the version of each that was sent, by item and path
}

// ReadState reads the state in a directory; the zero State if there is none that can be
// read.
func ReadState(dir string) State {
	var state State
	text, err := os.ReadFile(filepath.Join(dir, StateFile))
	if err != nil || json.Unmarshal(text, &state) != nil {
		return State{}
	}
	return state
}

// At is the state for a place: what was sent to another counts for nothing here.
func (s State) At(tracker, address, experiment string) State {
	if s.Tracker != tracker || s.Address != address || s.Experiment != experiment || s.Files == nil {
		return State{Tracker: tracker, Address: address, Experiment: experiment, Files: map[string]string{}}
	}
	return s
}

// write writes the state down.
func (s State) write(dir string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write down how far tracking is: %w", err)
	}
	return atomicfile.Write(filepath.Join(dir, StateFile), append(text, '\n'))
}
