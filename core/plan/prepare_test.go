package plan

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// preparers is an Identities whose samplers prepare images for their tuning.
type preparers struct{ everyone }

func (p preparers) Component(kind, name string) (spec.Identity, bool) {
	identity, ok := p.everyone.Component(kind, name)
	if kind == "sampler" {
		identity.Capabilities = []schema.Capability{schema.Prepare}
	}
	return identity, ok
}

func buildPrepared(t *testing.T, sources ...Source) *Plan {
	t.Helper()
	p, err := Build(sources, preparers{everyone{"1"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func stagesOf(p *Plan, kind record.Kind) []string {
	var all []string
	for _, node := range p.Nodes {
		if node.Kind == kind {
			all = append(all, node.Label)
		}
	}
	return all
}

// TestPrepareIsAStageOfEachImageTable: between the images and what is tuned on
// them, and no stage more.
func TestPrepareIsAStageOfEachImageTable(t *testing.T) {
	p := buildPrepared(t, Source{Spec: experiment(1)})
	if got, want := stagesOf(p, record.KindPrepare), []string{"prepare/labelled/base", "prepare/unlabelled/base", "prepare/real/base"}; !slices.Equal(got, want) {
		t.Errorf("stages %q, want %q", got, want)
	}
	want := []string{
		"images 1 = images of sample/labelled", "prepared 1 = prepared of prepare/labelled/base", "scores 1 = scores of score/labelled/with_aux",
		"images 2 = images of sample/unlabelled", "prepared 2 = prepared of prepare/unlabelled/base", "scores 2 = scores of score/unlabelled/with_aux",
		"images 3 = images of sample/real", "prepared 3 = prepared of prepare/real/base",
	}
	tune := node(t, p, "tune/full")
	if got := inputs(tune); !slices.Equal(got, want) {
		t.Errorf("inputs of tune/full\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	losses := tune.Work.(*TuneWork).Losses
	sets := [][]TuneSet{
		{{Images: "images 1", Prepared: "prepared 1", Scores: "scores 1"}, {Images: "images 2", Prepared: "prepared 2", Scores: "scores 2"}},
		{{Images: "images 3", Prepared: "prepared 3"}},
	}
	if !slices.Equal(losses[0].Sets, sets[0]) || !slices.Equal(losses[1].Sets, sets[1]) {
		t.Errorf("losses %+v", losses)
	}
	if items, unit := node(t, p, "prepare/real/base").Items(); items != 16 || unit != "images" {
		t.Errorf("prepare/real/base works through %d %s", items, unit)
	}
	if got := build(t, Source{Spec: experiment(1)}); len(stagesOf(got, record.KindPrepare)) != 0 || len(got.Nodes) != len(p.Nodes)-3 {
		t.Error("a sampler that does not prepare has stages for it")
	}
}

// TestPrepareIsSharedByFinetunes: by those with another optimizer, and by one
// that goes on from another.
func TestPrepareIsSharedByFinetunes(t *testing.T) {
	s := experiment(1)
	first := s.Finetunes[0]
	longer, chained := *first, *first
	longer.Name, longer.Steps = "longer", 80
	chained.Name, chained.Model = "chained", spec.Model{Sampler: first.Model.Sampler, Finetune: first}
	s.Finetunes = append(s.Finetunes, &longer, &chained)
	p := buildPrepared(t, Source{Spec: s})
	if got := stagesOf(p, record.KindPrepare); len(got) != 3 {
		t.Errorf("stages %q", got)
	}
	for _, name := range []string{"tune/longer", "tune/chained"} {
		if !slices.Contains(inputs(node(t, p, name)), "prepared 1 = prepared of prepare/labelled/base") {
			t.Errorf("%s has the inputs %q", name, inputs(node(t, p, name)))
		}
	}
	other := *s.Samplers[0]
	other.Name, other.Config = "other", json.RawMessage(`{"guidance_scale":5}`)
	longer.Model = spec.Model{Sampler: &other}
	if got := stagesOf(buildPrepared(t, Source{Spec: s}), record.KindPrepare); len(got) != 6 {
		t.Errorf("with another sampler there are the stages %q", got)
	}
}

// TestPrepareIsSharedBySeeds: images that come from a folder are the same for
// every seed, and so is what is prepared of them.
func TestPrepareIsSharedBySeeds(t *testing.T) {
	folder := func(seed uint64) *spec.Spec {
		s := experiment(seed)
		*s.Images[2] = spec.Images{Name: "real", Folder: &imagefolder.Folder{Path: "/photographs"}, Inventory: imagefolder.Inventory{Images: 3, Digest: "11"}}
		return s
	}
	p := buildPrepared(t, Source{Name: "seed=1", Spec: folder(1)}, Source{Name: "seed=2", Spec: folder(2)})
	if shared := node(t, p, "prepare/real/base"); !slices.Equal(shared.Variants, []string{"seed=1", "seed=2"}) {
		t.Errorf("prepare/real/base belongs to %q", shared.Variants)
	}
	if found := p.Find("prepare/labelled/base"); len(found) != 2 {
		t.Errorf("images that differ are prepared %d times", len(found))
	}
}

func TestKeyOfPrepare(t *testing.T) {
	key := func(change func(s *spec.Spec), version string) string {
		s := experiment(1)
		change(s)
		p, err := Build([]Source{{Spec: s}}, preparers{everyone{version}})
		if err != nil {
			t.Fatal(err)
		}
		return keyOf(node(t, p, "prepare/real/base"), here)
	}
	reference := key(func(*spec.Spec) {}, "1")
	for what, other := range map[string]string{
		"optimizer": key(func(s *spec.Spec) { s.Finetunes[0].Optimizer = json.RawMessage(`{"learning_rate":9}`) }, "1"),
		"reward":    key(func(s *spec.Spec) { s.Rewards[1].Config = json.RawMessage(`{"weight":9}`) }, "1"),
		"seed":      key(func(s *spec.Spec) { s.Seed = 2 }, "1"),
	} {
		if other != reference {
			t.Errorf("another %s has another key", what)
		}
	}
	weights := func(digest string) func(*spec.Spec) {
		return func(s *spec.Spec) {
			s.Samplers[0].Config, s.Samplers[0].Paths = json.RawMessage(`{"weights":"/w"}`), []string{"/w"}
			s.Digests["/w"] = digest
		}
	}
	if key(weights("11"), "1") == key(weights("22"), "1") {
		t.Error("other weights have the same key")
	}
	if key(func(*spec.Spec) {}, "2") == reference {
		t.Error("another code version has the same key")
	}
}
