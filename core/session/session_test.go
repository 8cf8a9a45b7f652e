package session_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/core/stage"
	"github.com/plumb-ml/plumb/plugins/builtin"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestMain makes the test binary serve the built-in components, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serve {
		sdk.Serve(builtin.Plugin())
		return
	}
	os.Exit(m.Run())
}

// load loads a text from a directory of its own.
func load(t *testing.T, text string, change ...func(*session.Options)) (*session.Session, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "experiment.hcl")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o, err := options(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range change {
		change(&o)
	}
	s, err := session.Load(t.Context(), file, o)
	if err == nil {
		t.Cleanup(s.Close)
	}
	return s, err
}

// idOf is the ID of an experiment's only variant.
func idOf(t *testing.T, text string, change ...func(*session.Options)) string {
	t.Helper()
	s, err := load(t, text, change...)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Plan.Variants) != 1 {
		t.Fatalf("%d variants", len(s.Plan.Variants))
	}
	return s.Plan.Variants[0].ID
}

// spelled is the experiment of the example in other words: comments, another order
// of blocks and attributes, defaults written out, values through variables.
const spelled = `
# The same.
variable "images" { default = 2 }

images "drawn" {
  split      = "all"
  per_prompt = var.images * 1
  prompts    = [prompts.colour]
  sampler    = sampler.world
}

sampler "shapes_scenes" "world" {
  count_error = 0
}

prompts "colour" {
  slots    = { colour = ["red", "green"] }
  template = "a {colour} ring"
}

compute { backend = "auto" }

experiment "colours" {
  description = "rings"
  seed        = 1
}
`

func TestTheIDIsThatOfTheResolvedConfiguration(t *testing.T) {
	id := idOf(t, experiment)
	if len(id) != 12 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("the ID is %q", id)
	}
	if other := idOf(t, spelled); other != id {
		t.Errorf("two spellings of an experiment have the IDs %s and %s", id, other)
	}
	seen := map[string]string{id: "the experiment"}
	for name, other := range map[string]string{
		"images":   idOf(t, strings.Replace(experiment, "per_prompt = 2", "per_prompt = 3", 1)),
		"prompt":   idOf(t, strings.Replace(experiment, `"green"`, `"blue"`, 1)),
		"name":     idOf(t, strings.Replace(experiment, `"colours"`, `"hues"`, 1)),
		"setting":  idOf(t, strings.Replace(experiment, `"world" {}`, `"world" { color_error = 0.5 }`, 1)),
		"backend":  idOf(t, experiment, func(o *session.Options) { o.Backend = "go" }),
		"seed":     idOf(t, strings.Replace(experiment, `"colours" {}`, `"colours" { seed = 2 }`, 1)),
		"variable": idOf(t, spelled, func(o *session.Options) { o.Variables = map[string]string{"images": "5"} }),
	} {
		if same, ok := seen[other]; ok {
			t.Errorf("another %s, and the ID of %s", name, same)
		}
		seen[other] = name
	}
}

func TestAVariableThatChangesNothingIsNoPartOfTheID(t *testing.T) {
	if one, other := idOf(t, spelled), idOf(t, spelled, func(o *session.Options) { o.Variables = map[string]string{"images": "2"} }); one != other {
		t.Errorf("given and by default: %s and %s", one, other)
	}
}

func TestMistakesAreDiagnostics(t *testing.T) {
	for name, test := range map[string]struct {
		text   string
		change func(*session.Options)
		want   string
	}{
		"experiment": {text: strings.Replace(experiment, "sampler.world", "sampler.word", 1), change: func(*session.Options) {}, want: "world"},
		"backend":    {text: experiment, change: func(o *session.Options) { o.Backend = "xla:cuda" }, want: `"xla:cuda" cannot be used`},
		"no plugins": {text: experiment, change: func(o *session.Options) { o.Builtin, o.Plugins.Builtin.Command = nil, nil }, want: "shapes_scenes"},
	} {
		_, err := load(t, test.text, test.change)
		var list diag.List
		if !errors.As(err, &list) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// elsewhere is an executor that is not of this machine: it does the stages here
// all the same.
type elsewhere struct {
	run.Local
	tasks []run.Task
}

func (e *elsewhere) Environment() plan.Environment {
	return plan.Environment{Backend: "xla:cuda", Device: "NVIDIA H200", DType: "float32"}
}

func (e *elsewhere) Do(ctx context.Context, task run.Task) (*stage.Result, error) {
	e.tasks = append(e.tasks, task)
	return e.Local.Do(ctx, task)
}

func TestTheExecutorsEnvironmentIsInTheKeys(t *testing.T) {
	here, err := load(t, experiment)
	if err != nil {
		t.Fatal(err)
	}
	far := &elsewhere{}
	s, err := load(t, experiment, func(o *session.Options) { o.Executor = far })
	if err != nil {
		t.Fatal(err)
	}
	far.Local = run.Local{Components: s.Host, Computes: plan.Environment{Backend: "go"}}
	forecast, err := s.Forecast()
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.Run(t.Context(), session.RunOptions{})
	if err != nil || result.Failed > 0 {
		t.Fatal(err, result)
	}
	if len(far.tasks) != 1 || far.tasks[0].Key != forecast.Nodes[s.Plan.Nodes[0]].Key || far.tasks[0].Inputs == nil || far.tasks[0].Scratch == "" {
		t.Errorf("it was given %+v", far.tasks)
	}
	compute := ""
	for _, part := range result.Records[far.tasks[0].Key].KeyParts {
		if part.Name == "compute" {
			compute = part.Value
		}
	}
	if compute != "xla:cuda NVIDIA H200" {
		t.Errorf("the key has %q", compute)
	}
	if local, err := here.Forecast(); err != nil || local.Nodes[here.Plan.Nodes[0]].Key == far.tasks[0].Key {
		t.Errorf("what is computed here has the same key, %v", err)
	}
}

// TestTheLogOfARun: what happens stands in the run's directory, and a run that goes on
// stands behind what is there.
func TestTheLogOfARun(t *testing.T) {
	s, err := load(t, experiment)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "runs", "colours")
	var said []string
	for range 2 {
		result, err := s.Run(t.Context(), session.RunOptions{Dir: func(*record.Run) string { return dir }})
		if err != nil || result.Failed > 0 {
			t.Fatal(err, result)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	f := events.Follow(filepath.Join(dir, session.MetricsFile))
	all, _, _, err := f.Next()
	if err != nil || f.Damaged > 0 {
		t.Fatal(err, f.Damaged)
	}
	for _, event := range all {
		if event.Kind != events.Progress {
			said = append(said, strings.TrimSpace(string(event.Kind)+" "+event.Stage+" "+string(event.Status)+string(event.State)))
		}
	}
	want := "run_begun, stage_begun sample/drawn, stage_ended sample/drawn done, run_ended  done, run_begun, stage_ended sample/drawn cached, run_ended  done"
	if got := strings.Join(said, ", "); got != want {
		t.Errorf("it has\n%s, want\n%s", got, want)
	}
	text, err := os.ReadFile(filepath.Join(dir, session.LogFile))
	if err != nil || strings.Count(string(text), " begins, 1 stage,") != 2 {
		t.Errorf("%v, the log is\n%s", err, text)
	}
}
