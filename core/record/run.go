package record

import (
	"fmt"
	"os"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// Run is one run of an experiment or ablation: which records it is made of.
type Run struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	File        string            `json:"file"`
	Command     string            `json:"command"` // to run it again
	Started     time.Time         `json:"started"`
	Seconds     float64           `json:"seconds"`
	Baseline    string            `json:"baseline,omitempty"` // the variant the others are compared with
	Variants    []Variant         `json:"variants"`
	Versions    map[string]string `json:"versions,omitempty"`
	// Notices are what components state of all that they make, such as that they
	// stand in for the real thing.
	Notices []string `json:"notices,omitempty"`
	Machine Machine  `json:"machine"`
}

// Variant is one row of an ablation's table, or an experiment alone.
type Variant struct {
	ID     string         `json:"id"`     // sha256 of the resolved configuration, first 12 hex digits
	Name   string         `json:"name"`   // such as "auxiliary_weight=0.5 seed=2"; empty for an experiment alone
	Values map[string]any `json:"values"` // of the varied variables
	Seed   uint64         `json:"seed"`
	Stages []StageRef     `json:"stages"`
}

// WriteRun writes a run's manifest to path, at once or not at all: a reader
// sees the old manifest or the new one. It may be called again as the run goes
// on. The directory must exist.
func WriteRun(path string, run *Run) error {
	stable := *run
	stable.Started = run.Started.UTC()
	b, err := seal("run", runVersion, &stable)
	if err != nil {
		return fmt.Errorf("encode run %s: %w", run.Name, err)
	}

	if err := atomicfile.Write(path, b); err != nil {
		return fmt.Errorf("write run: %w", err)
	}
	return nil
}

// ReadRun reads what WriteRun wrote. Numbers in Variant.Values come back as
// float64, as JSON has no other kind. A manifest that was cut short or edited
// by hand is ErrCorrupt.
func ReadRun(path string) (*Run, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	run := new(Run)
	if err := open("run", oldestRun, runVersion, b, run); err != nil {
		return nil, fmt.Errorf("read run %s: %w", path, err)
	}
	return run, nil
}
