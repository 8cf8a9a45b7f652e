package track

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/record"
)

var began = time.UnixMilli(1_795_784_400_000).UTC()

// madeUp makes records of a variant's stages: a model beside the base model, tuned by a
// reward, as a run of the given values would have it. Nothing in it was measured.
func madeUp(records map[string]*record.Record, name string, good float64) record.Variant {
	v := record.Variant{ID: "0123456789ab", Name: name, Seed: 2, Values: map[string]any{}}
	add := func(key string, r record.Record) {
		r.Key, r.Started, r.Seconds = key, began, 10
		records[key] = &r
		v.Stages = append(v.Stages, record.StageRef{Node: r.Node, Key: key, Status: record.Done, Stage: r.Stage})
	}
	number := func(x float64) *float64 { return &x }
	measured := func(model string, value float64) record.Record {
		return record.Record{
			Node:  "measure/main/alignment/" + model,
			Stage: record.Stage{Kind: record.KindMeasure, Evaluation: "main", Measure: "alignment", Subject: model, Baseline: "base"},
			Metrics: []record.Metric{
				{Name: "good_share", Subject: model, Rater: "crowd", Value: number(value), Low: number(value - 0.1), High: number(value + 0.1)},
				{Name: "good_share", Subject: model, Rater: "crowd", Category: "color", Split: "unseen", Value: number(value / 2), Low: number(0), High: number(1)},
				{Name: "win_minus_lose", Subject: model, Versus: "base", Rater: "crowd", Note: "too few prompts"},
				{Name: "average_reward", Subject: model, Reward: "clip", Value: number(1)},
			},
		}
	}
	add("base", measured("base", 0.25))
	add("fit", record.Record{Node: "fit/reward", Stage: record.Stage{Kind: record.KindFit, Subject: "reward"}, Outputs: map[string]record.Output{"curve": {Digest: "c"}, "checkpoint": {Dir: true, Digest: "f"}}})
	add("tune"+name, record.Record{Node: "tune/full", Stage: record.Stage{Kind: record.KindTune, Subject: "full"}, Outputs: map[string]record.Output{"curve": {Digest: "d"}, "checkpoint": {Dir: true, Digest: "e" + name, Bytes: 2e6}}})
	add("full"+name, measured("full", good))
	return v
}

func keys(points []Point) map[string]float64 {
	all := map[string]float64{}
	for _, p := range points {
		all[p.Key] = p.Value
	}
	return all
}

func TestDescribeExperiment(t *testing.T) {
	records := map[string]*record.Record{}
	run := &record.Run{
		Name: "first", ID: "01234567", State: record.RunDone, Started: began, Updated: began.Add(time.Minute),
		Variables: map[string]string{"weight": "0.5"}, Versions: map[string]string{"plumb": "v1"}, Machine: record.Machine{Backend: "go", Device: "cpu"},
	}
	run.Variants = []record.Variant{madeUp(records, "", 0.75)}
	dir := t.TempDir()
	weights := filepath.Join(dir, "weights")
	if err := os.WriteFile(weights, []byte("weights"), 0o644); err != nil {
		t.Fatal(err)
	}
	source := Source{Run: run, Records: records, Open: func(record.Output) (string, error) { return "", os.ErrNotExist },
		Members: func(record.Output) (map[string]string, error) {
			return map[string]string{"unet/model.safetensors": weights}, nil
		},
		Conclusions: map[string]string{ModelID("full"): "better"}, Verdict: "full is better than base"}
	got := Describe(source, Options{Prompts: 3, CheckpointBytes: 3e6})

	var ids []string
	for _, item := range got.Items {
		ids = append(ids, item.ID+": "+item.Name)
	}
	if diff := cmp.Diff([]string{"run: weight=0.5", "model base: base", "model full: full"}, ids); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	whole, full := got.Items[0], got.Items[2]
	if diff := cmp.Diff(map[string]float64{
		"alignment": 0.75, "alignment.low": 0.65, "alignment.high": 0.85, "average_reward.clip": 1,
		"alignment/base": 0.25, "alignment/base.low": 0.15, "alignment/base.high": 0.35, "average_reward.clip/base": 1,
	}, keys(whole.Points)); diff != "" {
		t.Errorf("numbers of the run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{
		"alignment": 0.75, "alignment.low": 0.65, "alignment.high": 0.85, "alignment.color.unseen": 0.375, "average_reward.clip": 1,
	}, keys(full.Points)); diff != "" {
		t.Errorf("numbers of a model (-want +got):\n%s", diff)
	}
	if at := full.Points[0].Time; !at.Equal(began.Add(10 * time.Second)) {
		t.Errorf("measured at %v", at)
	}
	if diff := cmp.Diff(map[string]string{"weight": "0.5", "seed": "2"}, whole.Params); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	for tag, want := range map[string]string{"plumb.run": "first@01234567", "plumb.verdict": "full is better than base", "plumb.backend": "go, cpu", "plumb.version": "v1", "plumb.state": "done"} {
		if whole.Tags[tag] != want {
			t.Errorf("tag %s = %q, want %q", tag, whole.Tags[tag], want)
		}
	}
	if full.Tags["plumb.verdict"] != "better" || full.Tags["plumb.not_measured"] != "win_minus_lose: too few prompts" {
		t.Errorf("tags of a model: %q", full.Tags)
	}
	var files, curves []string
	for _, file := range whole.Files {
		files = append(files, fmt.Sprint(file.Path, " ", file.Size))
	}
	for _, curve := range whole.Curves {
		curves = append(curves, curve.Stage)
	}
	if diff := cmp.Diff([]string{"checkpoints/full/unet/model.safetensors 7"}, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"fit/reward", "tune/full"}, curves); diff != "" {
		t.Errorf("curves (-want +got):\n%s", diff)
	}

	small := Describe(source, Options{CheckpointBytes: 1e6}).Items[0]
	if len(small.Files) != 0 || small.Tags["plumb.not_sent"] != "checkpoints/full: 2.0 MB of weights, more than checkpoint_megabytes = 1" {
		t.Errorf("a checkpoint that is too large: %d files, %q", len(small.Files), small.Tags["plumb.not_sent"])
	}
}

func TestDescribeAblation(t *testing.T) {
	records := map[string]*record.Record{}
	run := &record.Run{Name: "weights", ID: "01234567", State: record.RunRunning, Started: began, Updated: began.Add(time.Minute)}
	for i, name := range []string{"weight=0,seed=2", "weight=0.0003,seed=2"} {
		v := madeUp(records, name, 0.5+0.25*float64(i))
		v.Values["weight"] = []float64{0, 0.0003}[i]
		run.Variants = append(run.Variants, v)
	}
	run.Variants[1].Stages[3].Status = record.Running
	delete(records, run.Variants[1].Stages[3].Key)
	got := Describe(Source{Run: run, Records: records, Open: func(record.Output) (string, error) { return "", os.ErrNotExist }}, Options{})
	if !got.Ablation || len(got.Items) != 3 {
		t.Fatalf("ablation %v with %d items", got.Ablation, len(got.Items))
	}
	whole, first, second := got.Items[0], got.Items[1], got.Items[2]
	if len(whole.Points) != 0 || len(whole.Curves) != 1 || whole.Curves[0].Stage != "fit/reward" {
		t.Errorf("the ablation has %d numbers and the curves %+v: a reward that all variants share is its own", len(whole.Points), whole.Curves)
	}
	if len(first.Curves) != 1 || first.Curves[0].Stage != "tune/full" || first.Name != "weight=0 seed=2" {
		t.Errorf("%s has the curves %+v", first.Name, first.Curves)
	}
	if first.State != record.RunDone || !first.Ended.Equal(began.Add(10*time.Second)) || second.State != record.RunRunning || !second.Ended.IsZero() {
		t.Errorf("states: %s at %v, %s at %v", first.State, first.Ended, second.State, second.Ended)
	}
	if got := keys(first.Points)["alignment"]; got != 0.5 {
		t.Errorf("alignment of the first: %v", got)
	}
	if _, there := keys(second.Points)["alignment"]; there || second.Params["weight"] != "0.0003" {
		t.Errorf("the second is not measured yet: %v, %v", second.Points, second.Params)
	}
}

func TestChosenPromptsAreTheSameWhateverDrewThem(t *testing.T) {
	var prompts, reversed []*Judged
	for i := range 40 {
		prompt := &Judged{Prompt: fmt.Sprintf("prompt %d", i), Category: []string{"color", "count"}[i%2], Split: []string{"seen", "unseen"}[i/2%2]}
		prompts = append(prompts, prompt)
		reversed = append([]*Judged{prompt}, reversed...)
	}
	chosen := choose(prompts, 8)
	if diff := cmp.Diff(chosen, choose(reversed, 8)); diff != "" {
		t.Errorf("another order chose others:\n%s", diff)
	}
	parts := map[string]int{}
	for _, prompt := range prompts {
		if chosen[prompt.Prompt] {
			parts[prompt.Category+" "+prompt.Split]++
		}
	}
	if len(chosen) != 8 || len(parts) != 4 || parts["color seen"] != 2 {
		t.Errorf("%d prompts of the parts %v", len(chosen), parts)
	}
	if got := choose(prompts[:3], 8); len(got) != 3 {
		t.Errorf("of 3 prompts %d", len(got))
	}
}

// What is measured while a model is tuned is a curve by its steps, each number once; the
// parts' own curves and weights are those of the whole.
func TestDescribeCheckpoints(t *testing.T) {
	records := map[string]*record.Record{}
	v := madeUp(records, "", 0.75)
	number := func(x float64) *float64 { return &x }
	add := func(s record.Stage, node string, metrics ...record.Metric) {
		records[node] = &record.Record{Key: node, Node: node, Stage: s, Metrics: metrics, Started: began, Seconds: 1, Outputs: map[string]record.Output{"curve": {Digest: node}, "checkpoint": {Dir: true, Digest: node, Bytes: 1}}}
		v.Stages = append(v.Stages, record.StageRef{Node: node, Key: node, Status: record.Done, Stage: s})
	}
	judged := func(step int) record.Metric {
		return record.Metric{Name: "checkpoint_good_share", Subject: "full", Rater: "crowd", Step: step, Value: number(float64(step))}
	}
	parted := record.Metric{Name: "checkpoint_parted", Subject: "full", Step: 200, Value: number(100)}
	add(record.Stage{Kind: record.KindTune, Subject: "full", Step: 100}, "tune/full/100")
	add(record.Stage{Kind: record.KindMeasure, Measure: "fidelity", Subject: "full"}, "measure/full/fidelity/0", record.Metric{Name: "fid", Subject: "base", Value: number(3)})
	add(record.Stage{Kind: record.KindWatch, Measure: "checkpoints", Subject: "full", Step: 100}, "watch/full/100", judged(0), judged(100))
	add(record.Stage{Kind: record.KindMeasure, Measure: "fidelity", Subject: "full", Step: 200}, "measure/full/fidelity/200", record.Metric{Name: "fid", Subject: "full", Step: 200, Value: number(5)})
	add(record.Stage{Kind: record.KindWatch, Measure: "checkpoints", Subject: "full", Step: 200}, "watch/full/200", judged(0), judged(100), judged(200), parted)
	run := &record.Run{Name: "first", ID: "01234567", State: record.RunDone, Started: began, Updated: began, Variants: []record.Variant{v}}
	item := Describe(Source{Run: run, Records: records}, Options{}).Items[0]
	var got []string
	for _, p := range item.Points {
		if p.Step > 0 || len(p.Key) > 12 && p.Key[:12] == "checkpoints/" {
			got = append(got, fmt.Sprintf("%s %d: %g", p.Key, p.Step, p.Value))
		}
	}
	want := []string{
		"checkpoints/full/fid 0: 3",
		"checkpoints/full/checkpoint_good_share 0: 0", "checkpoints/full/checkpoint_good_share 100: 100",
		"checkpoints/full/fid 200: 5",
		"checkpoints/full/checkpoint_good_share 200: 200", "checkpoints/full/checkpoint_parted 200: 100",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
	for _, curve := range item.Curves {
		if curve.Stage == "tune/full/100" {
			t.Error("the curve of a part is sent")
		}
	}
}
