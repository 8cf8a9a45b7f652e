package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/plumb-ml/plumb/core/record"
)

// Kind says what happened.
type Kind string

// The kinds of events.
const (
	RunBegun    Kind = "run_begun"    // Run, Of; a run that goes on begins anew, behind what is there
	RunProgress Kind = "run_progress" // Done, Of: the stages; Left, Unknown
	StageBegun  Kind = "stage_begun"  // Stage, About, Key, and Of and Unit where it is known how much there is to do
	Progress    Kind = "progress"     // Stage, Done, Of, Unit, and Text where something keeps the stage from getting on
	Value       Kind = "value"        // Stage, Step, Name, Value: what a training reports of a step
	Metric      Kind = "metric"       // Stage, Name, Value, Metric: what a stage has measured
	StageEnded  Kind = "stage_ended"  // Stage, About, Status, and Key, Seconds, Done and Unit, Text as far as there are
	Warning     Kind = "warning"      // Text, and Stage where it is about one
	RunEnded    Kind = "run_ended"    // Run, State, Done, Of: the stages
)

// Event is something that happened in a run. Which fields it has goes with its kind.
type Event struct {
	Time time.Time `json:"time"`
	Kind Kind      `json:"event"`
	Run  string    `json:"run,omitempty"` // its full name
	// Stage is the stage's label, which no other of the run has, never shortened, as
	// `plumb plan` prints it; About says the same to programs.
	Stage string        `json:"stage,omitempty"`
	About *record.Stage `json:"about,omitempty"`

	Step  *int    `json:"step,omitempty"` // of a training, from 1
	Name  string  `json:"name,omitempty"` // such as "loss", "loss/pretraining", or of a metric "fid"
	Value *Number `json:"value,omitempty"`
	// Metric is the whole of what Name and Value are a part of: of which model, over how
	// many images, within which interval.
	Metric *record.Metric `json:"metric,omitempty"`

	Done int    `json:"done,omitempty"`
	Of   int    `json:"of,omitempty"` // 0: not known
	Unit string `json:"unit,omitempty"`
	// Left is about how long the run will be, in seconds, without the stages of which that
	// is Unknown.
	Left    *float64 `json:"left,omitempty"`
	Unknown int      `json:"unknown,omitempty"`

	Status  record.Status   `json:"status,omitempty"`
	Key     string          `json:"key,omitempty"`
	Seconds float64         `json:"seconds,omitempty"`
	State   record.RunState `json:"state,omitempty"`
	Text    string          `json:"text,omitempty"`
}

// Number is a number that JSON need not have: what is not finite is written as the
// text "NaN", "Infinity" or "-Infinity".
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	switch x := float64(n); {
	case math.IsNaN(x):
		return []byte(`"NaN"`), nil
	case math.IsInf(x, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(x, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(x)
	}
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `"NaN"`:
		*n = Number(math.NaN())
	case `"Infinity"`:
		*n = Number(math.Inf(1))
	case `"-Infinity"`:
		*n = Number(math.Inf(-1))
	default:
		var x float64
		if err := json.Unmarshal(text, &x); err != nil {
			return fmt.Errorf("%s is no number", text)
		}
		*n = Number(x)
	}
	return nil
}

// Line is the event as a line of the file, without a line break.
func (e Event) Line() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("write down an event: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Parse is the inverse of Line; ok is false of what is no event, such as a line that
// a kill has cut, or a value without its step.
func Parse(line []byte) (event Event, ok bool) {
	if err := json.Unmarshal(line, &event); err != nil || event.Kind == "" || event.Time.IsZero() {
		return Event{}, false
	}
	if event.Kind == Value && (event.Step == nil || event.Value == nil || event.Name == "" || event.Stage == "") {
		return Event{}, false
	}
	return event, true
}
