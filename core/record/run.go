package record

import (
	"fmt"
	"os"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

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
	if err := open("run", runVersion, b, run); err != nil {
		return nil, fmt.Errorf("read run %s: %w", path, err)
	}
	return run, nil
}
