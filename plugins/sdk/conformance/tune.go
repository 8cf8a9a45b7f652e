package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// checkTune: every step is reported once and in order; the same job writes the
// same files, also if it is stopped after its first step and asked for again,
// with its scratch and another output; and what it wrote is opened and drawn
// with.
func checkTune(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	root, err := os.MkdirTemp("", "plumb-check-tune-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	var checkpoint string
	return errors.Join(with(ctx, c, r, func(in *client.Instance) error {
		job := func(ctx context.Context, name, scratch string, stop error) (map[string][]byte, error) {
			request := *one.Tune
			request.Output, request.Scratch = filepath.Join(root, name), filepath.Join(root, scratch)
			for _, directory := range []string{request.Output, request.Scratch} {
				if err := os.MkdirAll(directory, 0o755); err != nil {
					return nil, err
				}
			}
			before := -1
			err := in.Tune(ctx, request, func(p sdk.Progress) error {
				if before >= 0 && p.Step != before+1 || p.Step > p.Steps || p.Steps != request.Steps {
					return fmt.Errorf("after step %d it reports step %d of %d", before, p.Step, p.Steps)
				}
				before = p.Step
				return stop
			})
			if err != nil {
				return nil, err
			}
			if before != request.Steps {
				return nil, fmt.Errorf("the last step it reports is %d of %d", before, request.Steps)
			}
			checkpoint = request.Output
			return contents(request.Output)
		}
		want, err := job(ctx, "first", "scratch-1", nil)
		if err != nil {
			return err
		}
		if len(want) == 0 {
			return errors.New("it finished and left its output empty")
		}
		stopped := errors.New("stopped")
		if _, err := job(ctx, "stopped", "scratch-2", stopped); !errors.Is(err, stopped) {
			return fmt.Errorf("a call that is stopped at its first report does not end so: %v", err)
		}
		waiting, give := context.WithTimeout(ctx, one.Patience+one.Patience)
		defer give()
		got, err := job(waiting, "second", "scratch-2", nil)
		if err != nil {
			return fmt.Errorf("the job after it was stopped: %w", err)
		}
		if err := alike(got, want); err != nil {
			return fmt.Errorf("stopped and asked for again, and at once: %w", err)
		}
		return nil
	}), func() error {
		if checkpoint == "" {
			return nil // said already
		}
		r.Checkpoint = checkpoint
		return with(ctx, c, r, func(in *client.Instance) error {
			return in.Sample(ctx, []client.Draw{{Prompt: one.Prompts[0]}}, func(int, sdk.Image) error { return nil })
		})
	}())
}

// checkTuneInParts: a job that ends after its first step, and goes on from the state that
// it left in another instance, writes what it writes in one; and the state is always the
// same.
func checkTuneInParts(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	root, err := os.MkdirTemp("", "plumb-check-tune-in-parts-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	part := func(name string, until int, state, resume string) (map[string][]byte, error) {
		request := *one.Tune
		request.Output, request.Scratch, request.Until = filepath.Join(root, name), filepath.Join(root, name+" scratch"), until
		directories := []string{request.Output, request.Scratch}
		if state != "" {
			request.State = filepath.Join(root, state)
			directories = append(directories, request.State)
		}
		if resume != "" {
			request.Resume = filepath.Join(root, resume)
		}
		for _, directory := range directories {
			if err := os.MkdirAll(directory, 0o755); err != nil {
				return nil, err
			}
		}
		last := 0
		err := with(ctx, c, r, func(in *client.Instance) error {
			return in.Tune(ctx, request, func(p sdk.Progress) error {
				last = p.Step
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
		if last != request.Last() {
			return nil, fmt.Errorf("asked to end after step %d, the last that it reports is %d", request.Last(), last)
		}
		return contents(request.Output)
	}
	want, err := part("whole", 0, "", "")
	if err != nil {
		return err
	}
	if _, err := part("first", 1, "state", ""); err != nil {
		return fmt.Errorf("the first part: %w", err)
	}
	if _, err := part("first again", 1, "state again", ""); err != nil {
		return fmt.Errorf("the first part again: %w", err)
	}
	state, err := contents(filepath.Join(root, "state"))
	if err != nil {
		return err
	}
	again, err := contents(filepath.Join(root, "state again"))
	if err != nil {
		return err
	}
	if len(state) == 0 {
		return errors.New("the first part left its state empty")
	}
	if err := alike(again, state); err != nil {
		return fmt.Errorf("the state of the same part: %w", err)
	}
	got, err := part("second", 0, "", "state")
	if err != nil {
		return fmt.Errorf("the second part: %w", err)
	}
	if err := alike(got, want); err != nil {
		return fmt.Errorf("in two parts and at once: %w", err)
	}
	return nil
}

// alike holds the files of a directory against those of another, by their names.
func alike(got, want map[string][]byte) error {
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		return fmt.Errorf("the files are %v, and were %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !bytes.Equal(want[name], got[name]) {
			return fmt.Errorf("another %s", name)
		}
	}
	return nil
}
