package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// watchedExperiment is the experiment with its finetune watched at steps 10, 25 and 40.
func watchedExperiment(stop bool) *spec.Spec {
	s := experiment(1)
	s.Finetunes[0].Checkpoints = &spec.Checkpoints{
		At: []int{10, 25, 40}, Prompts: s.Evaluate[0].Prompts, PerPrompt: 2, Judge: s.Rewards[0],
		Fidelity: &spec.Fidelity{Images: s.Images[2], Encoder: s.Encoders[0]}, Keep: spec.KeepBest, Stop: stop, Patience: 1,
	}
	return s
}

func TestWatchedTuning(t *testing.T) {
	p := build(t, Source{Spec: watchedExperiment(true)})
	first, second, last := node(t, p, "tune/full/10"), node(t, p, "tune/full/25"), node(t, p, "tune/full/40")
	own := inputs(first)
	want := append(slices.Clone(own),
		"state = state of tune/full/10", "verdict = verdict of watch/full/10",
		"checkpoint before = checkpoint of tune/full/10", "curve before = curve of tune/full/10")
	if got := inputs(second); !slices.Equal(got, want) {
		t.Errorf("the second part reads %q\nwant %q", got, want)
	}
	for _, c := range []struct {
		node  *Node
		items int
		leave bool
	}{{first, 10, true}, {second, 15, true}, {last, 15, false}} {
		work := c.node.Work.(*TuneWork)
		if items, _ := work.items(); items != c.items || work.Leaves() != c.leave || c.node.Seed != first.Seed {
			t.Errorf("%s does %d steps, leaves a state: %v", c.node.Name, items, work.Leaves())
		}
	}
	want = []string{
		"scores at 0 = scores of score/full/0/with_aux", "judged at 0 = scores of score/full/0/clip",
		"scores at 10 = scores of score/full/10/with_aux", "judged at 10 = scores of score/full/10/clip",
		"scores at 25 = scores of score/full/25/with_aux", "judged at 25 = scores of score/full/25/clip",
		"verdict = verdict of watch/full/10",
	}
	if got := inputs(node(t, p, "watch/full/25")); !slices.Equal(got, want) {
		t.Errorf("the second look reads %q\nwant %q", got, want)
	}
	if work := node(t, p, "watch/full/40").Work.(*WatchWork); work.Planned != 4 || work.Judge != "clip" || work.Reward != "with_aux" || work.Rates {
		t.Errorf("the last look is %+v", work)
	}
	// The images of all steps have the same seeds; the model before is the sampler as it comes.
	if a, b := node(t, p, "sample/full/0"), node(t, p, "sample/full/40"); a.Seed != b.Seed || a.Instance.Checkpoint != "" || b.Instance.Checkpoint == "" {
		t.Errorf("seeds %x and %x", a.Seed, b.Seed)
	}
	if got := node(t, p, "sample/full/40").About; got != (record.Stage{Kind: record.KindSample, Measure: "checkpoints", Subject: "full", Step: 40}) {
		t.Errorf("%+v", got)
	}
	want = []string{
		"features = features of encode/full/25/clip", "images = images of sample/full/25",
		"reference features = features of encode/real/clip", "reference images = images of sample/real",
		"baseline features = features of encode/full/0/clip", "baseline images = images of sample/full/0",
	}
	if got := inputs(node(t, p, "measure/full/fidelity/25")); !slices.Equal(got, want) {
		t.Errorf("the fidelity reads %q\nwant %q", got, want)
	}
	want = []string{
		"checkpoint at 10 = checkpoint of tune/full/10", "curve at 10 = curve of tune/full/10",
		"checkpoint at 25 = checkpoint of tune/full/25", "curve at 25 = curve of tune/full/25",
		"checkpoint at 40 = checkpoint of tune/full/40", "curve at 40 = curve of tune/full/40",
		"verdict = verdict of watch/full/40",
	}
	if got := inputs(node(t, p, "keep/full")); !slices.Equal(got, want) {
		t.Errorf("what is kept is of %q\nwant %q", got, want)
	}
	// Whoever draws with the finetune draws with what was kept.
	if got := inputs(node(t, p, "sample/main/full")); !slices.Equal(got, []string{"sampler checkpoint = checkpoint of keep/full"}) {
		t.Errorf("the model draws with %q", got)
	}
}

// Without stop no part waits for a look at the one before, and a look more moves no part
// before it.
func TestWatchedWithoutStop(t *testing.T) {
	p := build(t, Source{Spec: watchedExperiment(false)})
	if _, ok := node(t, p, "tune/full/25").Input(Verdict); ok {
		t.Error("a part that cannot end waits for a verdict")
	}
	s := watchedExperiment(false)
	s.Finetunes[0].Checkpoints.At = []int{10, 25, 30, 40}
	q := build(t, Source{Spec: s})
	for _, name := range []string{"tune/full/10", "tune/full/25"} {
		if node(t, p, name).identity != node(t, q, name).identity {
			t.Errorf("%s is another stage where one looks once more behind it", name)
		}
	}
	if node(t, p, "tune/full/40").identity == node(t, q, "tune/full/40").identity {
		t.Error("a part that begins elsewhere is the same stage")
	}
	s = watchedExperiment(false)
	s.Finetunes[0].Checkpoints.Judge, s.Finetunes[0].FromScratch = s.Raters[0], true
	p = build(t, Source{Spec: s})
	if got := inputs(node(t, p, "watch/full/10")); !slices.Equal(got, []string{"scores at 10 = scores of score/full/10/with_aux", "judged at 10 = labels of rate/full/10"}) {
		t.Errorf("a look by a rater from random weights on reads %q", got)
	}
	if a, b := node(t, p, "rate/full/10"), node(t, p, "rate/full/40"); a.Instance.Seed != b.Instance.Seed {
		t.Error("the rater errs otherwise at another step")
	}
}

// Who asks for the checkpoints alone gets the tuning and the looks, and none of the
// distances.
func TestCheckpointsAloneArePlanned(t *testing.T) {
	p := build(t, Source{Spec: watchedExperiment(false), Measure: []string{"checkpoints"}})
	node(t, p, "keep/full")
	for _, name := range names(p) {
		if strings.HasPrefix(name, "measure/") || strings.Contains(name, "/main/") {
			t.Errorf("%s is planned", name)
		}
	}
}
