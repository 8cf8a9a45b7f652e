package stage

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

func tuneNode() *plan.Node {
	return &plan.Node{Name: "tune/x", Kind: record.KindTune, Work: &plan.TuneWork{Optimizer: []byte(`{"steps":6}`), Steps: 6}}
}

// steps learns from one step to another, keeping its state in the scratch
// directory, and dies after a step of its choice.
func steps(to, dieAfter int, loss func(step int) float64) func(scratch, output string, report func(sdk.Progress) error) error {
	return func(scratch, output string, report func(sdk.Progress) error) error {
		from := 1
		if data, err := os.ReadFile(filepath.Join(scratch, "state")); err == nil {
			if _, err := fmt.Sscan(string(data), &from); err != nil {
				return err
			}
		}
		for step := from; step <= to; step++ {
			if err := report(sdk.Progress{Step: step, Steps: to, Values: map[string]float64{"loss": loss(step), "rate": 1}}); err != nil {
				return err
			}
			if step%2 == 0 { // not every step is kept
				if err := os.WriteFile(filepath.Join(scratch, "state"), []byte(fmt.Sprint(step+1)), 0o644); err != nil {
					return err
				}
			}
			if step == dieAfter {
				return errors.New("died")
			}
		}
		return os.WriteFile(filepath.Join(output, "weights"), []byte("learnt"), 0o644)
	}
}

func falling(step int) float64 { return 1 / float64(step) }

func TestTheCurveSurvivesAKill(t *testing.T) {
	b := newBench(t)
	want := b.run(tuneNode(), tile{learn: steps(6, 0, falling)}, nil)
	scratch := t.TempDir()
	if _, err := b.try(tuneNode(), tile{learn: steps(6, 3, falling)}, scratch, nil); err == nil {
		t.Fatal("a dead training passes")
	}
	// A kill may cut the last line.
	path := filepath.Join(scratch, "curve.jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-5], 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := b.try(tuneNode(), tile{learn: steps(6, 0, falling)}, scratch, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Outputs[plan.Curve] != want.Outputs[plan.Curve] || got.Outputs[plan.Checkpoint] != want.Outputs[plan.Checkpoint] {
		t.Error("the resumed training made something else")
	}
	points := rows[dataset.CurvePoint](b, got.Outputs[plan.Curve])
	if len(points) != 12 || points[0] != (dataset.CurvePoint{Step: 1, Name: "loss", Value: 1}) || got.Items != 6 || got.Unit != "steps" {
		t.Errorf("%d points, the first %+v; %d %s", len(points), points[0], got.Items, got.Unit)
	}
}

// telling is steps by a component that keeps what it reported with its state, and
// reports it again.
func telling(to, dieAfter int, loss func(step int) float64) func(scratch, output string, report func(sdk.Progress) error) error {
	learn := steps(to, dieAfter, loss)
	return func(scratch, output string, report func(sdk.Progress) error) error {
		from := 1
		if data, err := os.ReadFile(filepath.Join(scratch, "state")); err == nil {
			if _, err := fmt.Sscan(string(data), &from); err != nil {
				return err
			}
		}
		for step := 1; step < from; step++ {
			if err := report(sdk.Progress{Step: step, Steps: to, Values: map[string]float64{"loss": loss(step), "rate": 1}}); err != nil {
				return err
			}
		}
		return learn(scratch, output, report)
	}
}

// TestADamagedCurve: any bit of what is kept of a curve may flip, and the curve and
// the checkpoint are those of one go: by a training that reports its points again, or
// that is begun anew.
func TestADamagedCurve(t *testing.T) {
	b := newBench(t)
	want := b.run(tuneNode(), tile{learn: steps(6, 0, falling)}, nil)
	kinds := map[string]func(to, dieAfter int, loss func(int) float64) func(string, string, func(sdk.Progress) error) error{"steps": steps, "telling": telling}
	for name, learn := range kinds {
		for at := 3; at < 200; at += 13 {
			scratch := t.TempDir()
			if _, err := b.try(tuneNode(), tile{learn: learn(6, 4, falling)}, scratch, nil); err == nil {
				t.Fatal("a dead training passes")
			}
			path := filepath.Join(scratch, "curve.jsonl")
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if at >= len(data) {
				t.Fatalf("%d bytes are too few", len(data))
			}
			data[at] ^= 2
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			var said []string
			b.repaired = func(text string) { said = append(said, text) }
			var from []int
			got, err := b.try(tuneNode(), tile{learn: learn(6, 0, func(step int) float64 {
				from = append(from, step)
				return falling(step)
			})}, scratch, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Outputs[plan.Curve] != want.Outputs[plan.Curve] || got.Outputs[plan.Checkpoint] != want.Outputs[plan.Checkpoint] {
				t.Errorf("%s, byte %d: the training made something else, after %v", name, at, said)
			}
			if len(said) == 0 || !strings.Contains(said[0], "curve is damaged") || name == "telling" && len(said) > 1 {
				t.Errorf("%s, byte %d: it says %q", name, at, said)
			}
		}
	}
}

func TestADivergedTrainingSaysWhatToLower(t *testing.T) {
	b := newBench(t)
	swallowing := func(scratch, output string, report func(sdk.Progress) error) error {
		steps(6, 0, func(step int) float64 {
			if step == 4 {
				return math.NaN()
			}
			return falling(step)
		})(scratch, output, report)
		return nil // a plugin that does not pass the error on
	}
	var last Progress
	b.report = func(p Progress) { last = p }
	_, err := b.try(tuneNode(), tile{learn: swallowing}, "", nil)
	if err == nil {
		t.Fatal("NaN passes")
	}
	if last.Done != 4 || !math.IsNaN(last.Values["loss"]) {
		t.Errorf("who follows the run hears last of %+v", last)
	}
	for _, want := range []string{"loss is NaN at step 4 of 6", "step 3: loss 0.3333", "learning_rate"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestAnEmptyCheckpointIsAnError(t *testing.T) {
	b := newBench(t)
	nothing := func(_, _ string, _ func(sdk.Progress) error) error { return nil }
	if _, err := b.try(tuneNode(), tile{learn: nothing}, "", nil); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("got %v", err)
	}
}
