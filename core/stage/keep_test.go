package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func verdictFile(t *testing.T, verdict dataset.Verdict) string {
	path := filepath.Join(t.TempDir(), "verdict.parquet")
	if err := table.WriteAll(path, []dataset.Verdict{verdict}); err != nil {
		t.Fatal(err)
	}
	return path
}

func directoryWith(t *testing.T, name, content string) string {
	directory := t.TempDir()
	if err := os.MkdirAll(filepath.Join(directory, filepath.Dir(name)), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return directory
}

func curveFile(t *testing.T, steps ...int32) string {
	var points []dataset.CurvePoint
	for _, step := range steps {
		points = append(points, dataset.CurvePoint{Step: step, Name: "loss", Value: float64(step)})
	}
	path := filepath.Join(t.TempDir(), "curve.parquet")
	if err := table.WriteAll(path, points); err != nil {
		t.Fatal(err)
	}
	return path
}

// The best or the last step is kept, and the curve is that of all parts up to the last
// that was tuned, whether a part reports those before it again or not.
func TestKeep(t *testing.T) {
	b := newBench(t)
	work := &plan.KeepWork{Steps: []int{2, 4, 6}}
	inputs := map[string]string{plan.Verdict: verdictFile(t, dataset.Verdict{Last: 4, Chosen: 2, Stop: true})}
	for i, step := range work.Steps {
		inputs[work.Checkpoint(step)] = directoryWith(t, "unet/weights", fmt.Sprint("weights ", step))
		inputs[work.Curve(step)] = curveFile(t, [][]int32{{1, 2}, {3, 4}, {1, 2, 3, 4, 5, 6}}[i]...)
	}
	for keep, step := range map[string]int{spec.KeepBest: 2, spec.KeepLast: 4} {
		of := *work
		of.Keep = keep
		result := b.run(&plan.Node{Name: "keep/full", Kind: record.KindKeep, Work: &of}, tile{}, inputs)
		content, err := os.ReadFile(filepath.Join(b.path(result.Outputs[plan.Checkpoint]), "unet", "weights"))
		if err != nil || string(content) != fmt.Sprint("weights ", step) {
			t.Errorf("%s: kept %q, %v", keep, content, err)
		}
		if result.Facts[record.KeptStep] != float64(step) || result.Facts[record.LastStep] != 4 {
			t.Errorf("%s: facts %v", keep, result.Facts)
		}
		var steps []int32
		for _, point := range rows[dataset.CurvePoint](b, result.Outputs[plan.Curve]) {
			steps = append(steps, point.Step)
		}
		if !slices.Equal(steps, []int32{1, 2, 3, 4}) {
			t.Errorf("%s: a curve of the steps %v", keep, steps)
		}
	}
}

// A part of a tuning that has ended is that before it, to the bit, and asks no component;
// one of a tuning that goes on gets the state and leaves one.
func TestPartsOfATuning(t *testing.T) {
	b := newBench(t)
	before := map[string]string{
		plan.State:          directoryWith(t, "state", "at 2"),
		"checkpoint before": directoryWith(t, "weights", "of 2"),
		"curve before":      curveFile(t, 1, 2),
		"images 1":          b.images(1, 1),
		plan.Verdict:        verdictFile(t, dataset.Verdict{Last: 2, Chosen: 2, Stop: true}),
	}
	part := func(until int) *plan.Node {
		return &plan.Node{Name: fmt.Sprint("tune/full/", until), Kind: record.KindTune, Work: &plan.TuneWork{
			Steps: 6, Until: until, After: 2, Resume: plan.State, Verdict: plan.Verdict, BatchSize: 1,
		}}
	}
	tuned := 0
	tuner := tile{tune: func(r sdk.TuneRequest) error {
		tuned++
		state, err := os.ReadFile(filepath.Join(r.Resume, "state"))
		if err != nil || string(state) != "at 2" || r.Until != 4 || r.Steps != 6 {
			return fmt.Errorf("asked to go on from %q, %v, until %d of %d", state, err, r.Until, r.Steps)
		}
		if err := os.WriteFile(filepath.Join(r.State, "state"), []byte("at 4"), 0o666); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(r.Output, "weights"), []byte("of 4"), 0o666)
	}}
	read := func(result *Result, role, name string) string {
		content, _ := os.ReadFile(filepath.Join(b.path(result.Outputs[role]), name))
		return string(content)
	}
	for _, until := range []int{4, 6} {
		result := b.run(part(until), tuner, before)
		_, leaves := result.Outputs[plan.State]
		if tuned != 0 || read(result, plan.Checkpoint, "weights") != "of 2" || leaves != (until < 6) {
			t.Errorf("until %d, of a tuning that has ended: outputs %v", until, result.Outputs)
		}
		if leaves && read(result, plan.State, "state") != "at 2" {
			t.Error("another state than that before")
		}
		if got := rows[dataset.CurvePoint](b, result.Outputs[plan.Curve]); len(got) != 2 {
			t.Errorf("curve %v", got)
		}
	}
	before[plan.Verdict] = verdictFile(t, dataset.Verdict{Last: 2, Chosen: 2})
	result := b.run(part(4), tuner, before)
	if tuned != 1 || read(result, plan.Checkpoint, "weights") != "of 4" || read(result, plan.State, "state") != "at 4" {
		t.Errorf("tuned %d times, outputs %v", tuned, result.Outputs)
	}
	empty := tile{tune: func(r sdk.TuneRequest) error {
		return os.WriteFile(filepath.Join(r.Output, "weights"), nil, 0o666)
	}}
	if _, err := b.try(part(4), empty, "", before); err == nil || err.Error() != `sampler "one" finished and left its state empty` {
		t.Errorf("of an empty state: %v", err)
	}
}
