package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteRun writes a run's manifest to path, at once or not at all: a reader
// sees the old manifest or the new one. It may be called again as the run goes
// on. The directory must exist.
func WriteRun(path string, run *Run) (err error) {
	stable := *run
	stable.Started = run.Started.UTC()
	b, err := seal("run", runVersion, &stable)
	if err != nil {
		return fmt.Errorf("encode run %s: %w", run.Name, err)
	}

	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write run: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write run: %w", err)
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
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
