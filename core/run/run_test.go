package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/stage"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// shop opens instances of worker over the wire, counts what they do, and fails
// where it is told to.
type shop struct {
	wire    *client.Client
	mu      sync.Mutex
	opened  map[string]int
	at      int // stages on the device at this moment
	crowded bool
	fail    map[string]error
	during  func(name string)
	shade   byte // added to the colour of what is drawn
}

func newShop(t *testing.T) *shop {
	s := &shop{opened: map[string]int{}}
	open := func(context.Context, sdk.OpenRequest) (any, error) { return &worker{shop: s}, nil }
	s.wire = client.New(plugintest.Connect(t, sdk.Plugin{Name: "shop", Components: []sdk.Component{
		{Description: sdk.Description{Kind: sdk.KindSampler, Name: "c", Capabilities: []sdk.Capability{sdk.CapabilityTune}}, Open: open},
		{Description: sdk.Description{Kind: sdk.KindReward, Name: "c"}, Open: open},
	}}), client.Options{})
	return s
}

func (s *shop) Open(ctx context.Context, r client.OpenRequest) (*client.Instance, error) {
	name := string(r.Config)
	s.mu.Lock()
	s.opened[name]++
	s.at++
	s.crowded = s.crowded || s.at > 1
	err := s.fail[name]
	s.mu.Unlock()
	if s.during != nil {
		s.during(name)
	}
	if err != nil {
		s.left()
		return nil, err
	}
	return s.wire.Open(ctx, r)
}

func (s *shop) left() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at--
}

// worker draws, scores and learns in a trivial way.
type worker struct{ shop *shop }

func (w *worker) Close() error {
	w.shop.left()
	return nil
}

func (w *worker) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for position, draw := range draws {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := emit(position, sdk.Image{Width: 1, Height: 1, RGB: []byte{byte(draw.Seed), w.shade(), 0}}); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) shade() byte { return w.shop.shade }

func (w *worker) Score(_ context.Context, item sdk.Item) (float64, error) {
	return float64(item.Image.RGB[0]), nil
}

func (w *worker) Tune(_ context.Context, r sdk.TuneRequest, report func(sdk.Progress) error) error {
	if err := report(sdk.Progress{Step: 1, Steps: 1, Values: map[string]float64{"loss": 1}}); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.Output, "weights"), []byte("learnt"), 0o644)
}

// everything knows every component.
type everything struct{}

func (everything) Component(kind, name string) (spec.Identity, bool) {
	return spec.Identity{Plugin: "builtin", Component: schema.Component{CodeVersion: "1", NeedsDevice: true}}, true
}

// chain is images, their scores, a fine-tuning on them, and images of that;
// beside it, other images that depend on none of these.
func chain(t *testing.T) *plan.Plan { return chainOf(t, everything{}) }

func chainOf(t *testing.T, identities plan.Identities) *plan.Plan {
	t.Helper()
	component := func(kind, name string) *spec.Component {
		return &spec.Component{Kind: kind, Component: "c", Name: name, Config: []byte(`"` + name + `"`)}
	}
	base, world, reward := component("sampler", "base"), component("sampler", "world"), component("reward", "reward")
	prompts := []spec.Prompt{{Text: "a", Category: "x"}, {Text: "b", Category: "x"}}
	drawn := &spec.Images{Name: "drawn", Sampler: spec.Model{Sampler: base}, Prompts: prompts, PerPrompt: 3}
	tuned := &spec.Finetune{Name: "tuned", Model: spec.Model{Sampler: base}, Reward: reward, Images: []*spec.Images{drawn},
		Losses: []spec.Loss{{Name: "reward_weighted", Weight: 1, Needs: []schema.Need{schema.NeedScores}}}, Steps: 1}
	s := &spec.Spec{Name: "chain", Seed: 1,
		Images: []*spec.Images{
			drawn,
			{Name: "other", Sampler: spec.Model{Sampler: world}, Prompts: prompts, PerPrompt: 3},
			{Name: "last", Sampler: spec.Model{Sampler: base, Finetune: tuned}, Prompts: prompts, PerPrompt: 3},
		},
		Finetunes: []*spec.Finetune{tuned},
	}
	p, err := plan.Build([]plan.Source{{Spec: s}}, identities)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// chainRun is what the tests call their run.
var chainRun = record.Run{Name: "chain", ID: "01234567"}

func openStore(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func do(t *testing.T, ctx context.Context, p *plan.Plan, s *store.Store, components stage.Components, sink Sink) *Result {
	t.Helper()
	result, err := Run(ctx, p, Options{Store: s, Executor: Local{Components: components}, Sink: sink, About: chainRun})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func statuses(p *plan.Plan, result *Result) string {
	var words []string
	for _, node := range p.Nodes {
		words = append(words, fmt.Sprintf("%s: %s", node.Name, result.Outcomes[node].Status))
	}
	return strings.Join(words, ", ")
}

const allOf = "sample/drawn: %[1]s, sample/other: %[1]s, score/drawn/reward: %[1]s, tune/tuned: %[1]s, sample/last: %[1]s"

func TestTheSecondRunDoesNothing(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	first := newShop(t)
	result := do(t, t.Context(), p, s, first, nil)
	if got, want := statuses(p, result), fmt.Sprintf(allOf, record.Done); got != want {
		t.Errorf("first: %s", got)
	}
	if first.crowded {
		t.Error("two stages had the device at once")
	}
	second := newShop(t)
	again := do(t, t.Context(), p, s, second, nil)
	if got, want := statuses(p, again), fmt.Sprintf(allOf, record.Cached); got != want {
		t.Errorf("second: %s", got)
	}
	if len(second.opened) != 0 {
		t.Errorf("opened %v", second.opened)
	}
	made, err := s.Run(chainRun.FullName())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := made.Variants[0].Stages[2].Stage, (record.Stage{Kind: "score", Subject: "drawn", Reward: "reward"}); got != want {
		t.Errorf("the run's record says that a score is about %+v", got)
	}
	if stages := made.Variants[0].Stages; len(stages) != 5 || stages[0].Node != "sample/drawn" || stages[0].Status != record.Cached || stages[0].Key == "" {
		t.Errorf("the run's record has %+v", stages)
	}
	if result.Run.Seconds != again.Run.Seconds {
		t.Error("what the stages took depends on the run that asks")
	}
}

func TestAFailureTakesItsDependentsAlongAndNoOthers(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	broken := newShop(t)
	broken.fail = map[string]error{`"reward"`: errors.New("no weights")}
	result := do(t, t.Context(), p, s, broken, nil)
	want := "sample/drawn: done, sample/other: done, score/drawn/reward: failed, tune/tuned: not_run, sample/last: not_run"
	if got := statuses(p, result); got != want || result.Failed != 1 || result.NotRun != 2 {
		t.Errorf("%s; %d failed, %d not run", got, result.Failed, result.NotRun)
	}
	last := result.Outcomes[p.Nodes[4]]
	if last.Needs != p.Nodes[2] {
		t.Errorf("sample/last needs %+v", last.Needs)
	}
	if stages := result.Run.Variants[0].Stages; stages[4].Needs != "score/drawn/reward" || stages[2].Diagnostics[0].Detail != "no weights" {
		t.Errorf("the run says %+v", stages)
	}
	mended := do(t, t.Context(), p, s, newShop(t), nil)
	if got := statuses(p, mended); got != "sample/drawn: cached, sample/other: cached, score/drawn/reward: done, tune/tuned: done, sample/last: done" {
		t.Errorf("mended: %s", got)
	}
}

// light knows every component, and none needs the device.
type light struct{}

func (light) Component(kind, name string) (spec.Identity, bool) {
	return spec.Identity{Plugin: "builtin", Component: schema.Component{CodeVersion: "1"}}, true
}

// fragile is a shop whose process dies under base and world while both are
// open, and again whenever world is.
type fragile struct {
	*shop
	both  sync.WaitGroup
	mu    sync.Mutex
	tries map[string]int
}

func (f *fragile) Open(ctx context.Context, r client.OpenRequest) (*client.Instance, error) {
	name := string(r.Config)
	f.mu.Lock()
	f.tries[name]++
	try := f.tries[name]
	f.mu.Unlock()
	died := plugin.Died{List: diag.List{{Summary: "the plugin crashed"}}}
	switch {
	case try == 1 && (name == `"base"` || name == `"world"`):
		f.both.Done()
		f.both.Wait()
		return nil, died
	case name == `"world"`:
		return nil, died
	}
	return f.shop.Open(ctx, r)
}

func TestAStageThatDiedBesideAnotherIsTriedAgain(t *testing.T) {
	p, s := chainOf(t, light{}), openStore(t, t.TempDir())
	components := &fragile{shop: newShop(t), tries: map[string]int{}}
	components.both.Add(2)
	result, err := Run(t.Context(), p, Options{Store: s, Executor: Local{Components: components, Parallel: 2}, About: chainRun})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(fmt.Sprintf(allOf, record.Done), "sample/other: done", "sample/other: failed", 1)
	if got := statuses(p, result); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if components.tries[`"world"`] != 2 {
		t.Errorf("world was tried %d times, not twice", components.tries[`"world"`])
	}
}

func TestAnInterruptKeepsWhatIsFinished(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	stopping := newShop(t)
	stopping.during = func(name string) {
		if name == `"reward"` {
			cancel()
		}
	}
	result := do(t, ctx, p, s, stopping, nil)
	if !result.Stopped || result.Failed != 0 {
		t.Errorf("stopped: %v, failed: %d", result.Stopped, result.Failed)
	}
	if result.Outcomes[p.Nodes[0]].Status != record.Done || result.Outcomes[p.Nodes[4]].Status != record.Interrupted {
		t.Errorf("%s", statuses(p, result))
	}
	if got := do(t, t.Context(), p, s, newShop(t), nil); got.Stopped || got.Failed != 0 {
		t.Errorf("after that: %s", statuses(p, got))
	}
}

// notes is a Sink that keeps the warnings.
type notes struct {
	Silent
	mu       sync.Mutex
	warnings []string
}

func (n *notes) Warn(_ *plan.Node, warning diag.Diagnostic) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.warnings = append(n.warnings, warning.Summary)
}

func TestDamagedInputsAreMadeAgain(t *testing.T) {
	p, dir := chain(t), t.TempDir()
	s := openStore(t, dir)
	first := do(t, t.Context(), p, s, newShop(t), nil)
	// The last stage has to run again, and finds its checkpoint damaged: the
	// cache look-up before did not read into it.
	checkpoint := first.Outcomes[p.Nodes[3]].Record.Outputs[plan.Checkpoint]
	view, err := s.Directory(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DropRecord(first.Outcomes[p.Nodes[4]].Key); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(view, "weights")
	if err := os.Chmod(weights, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(weights, []byte("damage"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Close()

	sink, components := &notes{}, newShop(t)
	second := do(t, t.Context(), p, openStore(t, dir), components, sink)
	if second.Failed != 0 || components.opened[`"base"`] != 2 {
		t.Errorf("%s; opened %v", statuses(p, second), components.opened)
	}
	if len(sink.warnings) != 1 || !strings.Contains(sink.warnings[0], "checkpoint of tune/tuned") {
		t.Errorf("warnings: %q", sink.warnings)
	}
	if first.Outcomes[p.Nodes[4]].Record.Outputs[plan.Images] != second.Outcomes[p.Nodes[4]].Record.Outputs[plan.Images] {
		t.Error("the results differ")
	}
}

func TestAFullDiskSaysWhatToDo(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	full := newShop(t)
	full.fail = map[string]error{`"base"`: fmt.Errorf("write weights: %w", syscall.ENOSPC)}
	result := do(t, t.Context(), p, s, full, nil)
	why := result.Outcomes[p.Nodes[0]].Diagnostics
	if len(why) != 1 || why[0].Summary != "The disk is full" || !strings.Contains(why[0].Detail, "plumb store gc") {
		t.Errorf("got %v", why)
	}
}

func TestForecastKnowsWhatRanBefore(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	before, err := Predict(p, s, plan.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	if before.Cached != 0 || before.Unknown != 5 || before.Nodes[p.Nodes[0]].Key == "" || before.Nodes[p.Nodes[2]].Key != "" {
		t.Errorf("before: %+v", before)
	}
	result := do(t, t.Context(), p, s, newShop(t), nil)
	before.Learn(p.Nodes[0], result.Outcomes[p.Nodes[0]].Record)
	if n := before.Nodes[p.Nodes[4]]; n.Seconds == nil || *n.Seconds <= 0 {
		t.Errorf("what was done says nothing of the same work: %+v", n)
	}
	if n := before.Nodes[p.Nodes[2]]; n.Seconds != nil {
		t.Errorf("what was done says something of other work: %+v", n)
	}
	after, err := Predict(p, s, plan.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	if !after.Complete || after.Cached != 5 {
		t.Errorf("after: %+v", after)
	}
	if err := s.DropRecord(result.Outcomes[p.Nodes[3]].Key); err != nil {
		t.Fatal(err)
	}
	// With another key for everything, times come from the earlier records; not
	// those of another device.
	other, err := Predict(p, s, plan.Environment{Libraries: map[string]string{"gomlx": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	if other.ToRun != 5 || other.Unknown != 1 || other.Bytes == 0 || other.Nodes[p.Nodes[0]].Seconds == nil {
		t.Errorf("other: %+v", other)
	}
	elsewhere, err := Predict(p, s, plan.Environment{Backend: "xla:cuda"})
	if err != nil {
		t.Fatal(err)
	}
	if elsewhere.ToRun != 5 || elsewhere.Unknown != 5 {
		t.Errorf("elsewhere: %+v", elsewhere)
	}
}

// Labels that people have not given yet are no failure: the stage waits, and what
// depends on them is not run, for that.
func TestAStageThatWaitsForPeople(t *testing.T) {
	base := &spec.Component{Kind: "sampler", Component: "c", Name: "base", Config: []byte(`"base"`)}
	drawn := &spec.Images{Name: "a/b", Sampler: spec.Model{Sampler: base}, Prompts: []spec.Prompt{{Text: "a"}}, PerPrompt: 1}
	human := &spec.Labels{Name: "human", Images: drawn, Path: filepath.Join(t.TempDir(), "labels.csv"), Fraction: 1}
	learned := &spec.Component{Kind: "reward", Component: "c", Name: "learned", Config: []byte(`"learned"`), Labels: []*spec.Labels{human}}
	p, err := plan.Build([]plan.Source{{Spec: &spec.Spec{
		Images: []*spec.Images{drawn}, Labels: []*spec.Labels{human}, Rewards: []*spec.Component{learned}, Digests: map[string]string{},
	}}}, everything{})
	if err != nil {
		t.Fatal(err)
	}
	result := do(t, t.Context(), p, openStore(t, t.TempDir()), newShop(t), nil)
	if got, want := statuses(p, result), "sample/a/b: done, rate/human: waiting, fit/learned: not_run"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if result.Failed != 0 || result.Waiting != 1 || result.NotRun != 1 {
		t.Errorf("%d failed, %d wait, %d not run", result.Failed, result.Waiting, result.NotRun)
	}
	stages := result.Run.Variants[0].Stages
	if why := stages[1].Diagnostics; len(why) != 1 || why[0].Severity != diag.Warning || !strings.Contains(why[0].Summary, "no labels yet") {
		t.Errorf("it waits for %v", why)
	}
	if stages[2].Needs != "rate/human" || stages[0].Subject != "a/b" {
		t.Errorf("the run says %+v", stages)
	}
}

// noticed is a component with something to say of all that it makes.
type noticed struct{ everything }

func (noticed) Component(kind, name string) (spec.Identity, bool) {
	identity, ok := everything{}.Component(kind, name)
	identity.Notice = "Nothing here is real."
	return identity, ok
}

func TestARunSaysWhatItsComponentsState(t *testing.T) {
	result := do(t, t.Context(), chainOf(t, noticed{}), openStore(t, t.TempDir()), newShop(t), nil)
	if notices := result.Run.Notices; len(notices) != 1 || notices[0] != "Nothing here is real." {
		t.Errorf("notices %q", notices)
	}
}
