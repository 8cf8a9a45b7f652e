package record

import (
	"fmt"
	"slices"
	"time"
)

// Run is one run of an experiment or ablation: which records it is made of. It is
// written when the run begins, as stages begin and end, and when the run ends.
type Run struct {
	Name string `json:"name"`
	// ID is what tells runs of one name apart: the first 8 hex digits of a sha256
	// over all that they compute. The same file with the same variables, on the same
	// backend and over the same data has the same ID, and so is the same run.
	ID string `json:"id"`
	// Basis is that sha256 without what people's label files hold: a run that waited
	// for labels and one that has them are the same but for ID.
	Basis       string    `json:"basis,omitempty"`
	Description string    `json:"description,omitempty"`
	File        string    `json:"file"`
	Command     string    `json:"command"`       // to run it again
	Dir         string    `json:"dir,omitempty"` // absolute: where its report goes
	Started     time.Time `json:"started"`       // when it was last begun
	Updated     time.Time `json:"updated"`       // when this was written
	State       RunState  `json:"state"`
	Stages      int       `json:"stages"`   // of all variants; what they share counts once
	Finished    int       `json:"finished"` // that have a record
	Seconds     float64   `json:"seconds"`
	Baseline    string    `json:"baseline,omitempty"` // the variant the others are compared with
	Variants    []Variant `json:"variants"`
	// Varied are the variables that the variants differ in, sorted, without the seed that
	// seeds give.
	Varied []Varied `json:"varied,omitempty"`
	// Variables are what the experiment's variables came to, but for varied ones, and
	// Settings what the whole configuration came to, by paths such as
	// "finetune.full.steps": they tell people how runs of one name differ.
	Variables map[string]string `json:"variables,omitempty"`
	Settings  map[string]string `json:"settings,omitempty"`
	// Keeps are the keys of records of earlier tries that this one has not come to
	// yet. They count as needed as long as the run is not done.
	Keeps    []string          `json:"keeps,omitempty"`
	Versions map[string]string `json:"versions,omitempty"`
	// Notices are what components state of all that they make, such as that they
	// stand in for the real thing.
	Notices []string `json:"notices,omitempty"`
	Machine Machine  `json:"machine"`
	// Repairs are what was found damaged and made again, since the run was first begun.
	Repairs []Repair `json:"repairs,omitempty"`
}

// RunState says how far a run is.
type RunState string

// The states of a run.
const (
	RunRunning     RunState = "running"
	RunDone        RunState = "done"
	RunFailed      RunState = "failed"      // a stage failed
	RunWaiting     RunState = "waiting"     // nothing failed; stages wait for people
	RunPartial     RunState = "partial"     // what was asked for is done, and that was not all
	RunInterrupted RunState = "interrupted" // stopped in good order
	// RunKilled is never written: a run that says that it is running, and that no
	// process has under way, was killed, or found no space to say how it ended.
	RunKilled RunState = "killed"
)

// Repair is damage that a run came upon and mended.
type Repair struct {
	Stage string    `json:"stage,omitempty"` // whose output or unfinished state it was; empty: no stage's
	What  string    `json:"what"`            // what was damaged, how, and what became of it
	At    time.Time `json:"at"`
}

// Variant is one row of an ablation's table, or an experiment alone.
type Variant struct {
	ID     string         `json:"id"`     // sha256 of the resolved configuration, first 12 hex digits
	Name   string         `json:"name"`   // such as "auxiliary_weight=0.5 seed=2"; empty for an experiment alone
	Values map[string]any `json:"values"` // of the varied variables
	Seed   uint64         `json:"seed"`
	Stages []StageRef     `json:"stages"`
}

// Varied is a variable with its values in the order in which the file has them.
type Varied struct {
	Name   string `json:"name"`
	Values []any  `json:"values"`
}

// FullName is what nothing but this run is called, such as "quickstart@3f2a9c1b".
func (r *Run) FullName() string { return FullName(r.Name, r.ID) }

// FullName joins a run's name and ID. No name has an @ in it.
func FullName(name, id string) string { return name + "@" + id }

// Keys are the keys of all records that the run needs, each once, in order.
func (r *Run) Keys() []string {
	keys := slices.Clone(r.Keeps)
	for _, variant := range r.Variants {
		for _, stage := range variant.Stages {
			if stage.Key != "" {
				keys = append(keys, stage.Key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// EncodeRun returns the bytes of a run's record, which carry a checksum.
func EncodeRun(run *Run) ([]byte, error) {
	stable := *run
	stable.Started = run.Started.UTC()
	stable.Updated = run.Updated.UTC()
	b, err := seal("run", runVersion, &stable)
	if err != nil {
		return nil, fmt.Errorf("encode run %s: %w", run.Name, err)
	}
	return b, nil
}

// DecodeRun is the inverse of EncodeRun. Numbers in Variant.Values come back as
// float64, as JSON has no other kind. Bytes that were cut short or edited by hand
// are ErrCorrupt.
func DecodeRun(b []byte) (*Run, error) {
	run := new(Run)
	if err := open("run", oldestRun, runVersion, b, run); err != nil {
		return nil, fmt.Errorf("decode run: %w", err)
	}
	return run, nil
}
