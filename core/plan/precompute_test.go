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

// precomputers is an Identities whose samplers precompute images for their tuning.
type precomputers struct{ everyone }

func (p precomputers) Component(kind, name string) (spec.Identity, bool) {
	identity, ok := p.everyone.Component(kind, name)
	if kind == "sampler" {
		identity.Capabilities = []schema.Capability{schema.Precompute}
	}
	return identity, ok
}

func buildPrecomputed(t *testing.T, sources ...Source) *Plan {
	t.Helper()
	p, err := Build(sources, precomputers{everyone{"1"}})
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

// TestPrecomputeIsAStageOfEachImageTable: between the images and what is tuned on
// them, and no stage more.
func TestPrecomputeIsAStageOfEachImageTable(t *testing.T) {
	p := buildPrecomputed(t, Source{Spec: experiment(1)})
	if got, want := stagesOf(p, record.KindPrecompute), []string{"precompute/labelled/base", "precompute/unlabelled/base", "precompute/real/base"}; !slices.Equal(got, want) {
		t.Errorf("stages %q, want %q", got, want)
	}
	want := []string{
		"images 1 = images of sample/labelled", "precomputed 1 = precomputed of precompute/labelled/base", "scores 1 = scores of score/labelled/with_aux",
		"images 2 = images of sample/unlabelled", "precomputed 2 = precomputed of precompute/unlabelled/base", "scores 2 = scores of score/unlabelled/with_aux",
		"images 3 = images of sample/real", "precomputed 3 = precomputed of precompute/real/base",
	}
	tune := node(t, p, "tune/full")
	if got := inputs(tune); !slices.Equal(got, want) {
		t.Errorf("inputs of tune/full\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	losses := tune.Work.(*TuneWork).Losses
	sets := [][]TuneSet{
		{{Images: "images 1", Precomputed: "precomputed 1", Scores: "scores 1"}, {Images: "images 2", Precomputed: "precomputed 2", Scores: "scores 2"}},
		{{Images: "images 3", Precomputed: "precomputed 3"}},
	}
	if !slices.Equal(losses[0].Sets, sets[0]) || !slices.Equal(losses[1].Sets, sets[1]) {
		t.Errorf("losses %+v", losses)
	}
	if items, unit := node(t, p, "precompute/real/base").Items(); items != 16 || unit != "images" {
		t.Errorf("precompute/real/base works through %d %s", items, unit)
	}
	if got := build(t, Source{Spec: experiment(1)}); len(stagesOf(got, record.KindPrecompute)) != 0 || len(got.Nodes) != len(p.Nodes)-3 {
		t.Error("a sampler that does not precompute has stages for it")
	}
}

// TestPrecomputeIsSharedByFinetunes: by those with another optimizer, and by one
// that goes on from another.
func TestPrecomputeIsSharedByFinetunes(t *testing.T) {
	s := experiment(1)
	first := s.Finetunes[0]
	longer, chained := *first, *first
	longer.Name, longer.Steps = "longer", 80
	chained.Name, chained.Model = "chained", spec.Model{Sampler: first.Model.Sampler, Finetune: first}
	s.Finetunes = append(s.Finetunes, &longer, &chained)
	p := buildPrecomputed(t, Source{Spec: s})
	if got := stagesOf(p, record.KindPrecompute); len(got) != 3 {
		t.Errorf("stages %q", got)
	}
	for _, name := range []string{"tune/longer", "tune/chained"} {
		if !slices.Contains(inputs(node(t, p, name)), "precomputed 1 = precomputed of precompute/labelled/base") {
			t.Errorf("%s has the inputs %q", name, inputs(node(t, p, name)))
		}
	}
	other := *s.Samplers[0]
	other.Name, other.Config = "other", json.RawMessage(`{"guidance_scale":5}`)
	longer.Model = spec.Model{Sampler: &other}
	if got := stagesOf(buildPrecomputed(t, Source{Spec: s}), record.KindPrecompute); len(got) != 6 {
		t.Errorf("with another sampler there are the stages %q", got)
	}
}

// TestPrecomputeIsSharedBySeeds: images that come from a folder are the same for
// every seed, and so is what is precomputed of them.
func TestPrecomputeIsSharedBySeeds(t *testing.T) {
	folder := func(seed uint64) *spec.Spec {
		s := experiment(seed)
		*s.Images[2] = spec.Images{Name: "real", Folder: &imagefolder.Folder{Path: "/photographs"}, Inventory: imagefolder.Inventory{Images: 3, Digest: "11"}}
		return s
	}
	p := buildPrecomputed(t, Source{Name: "seed=1", Spec: folder(1)}, Source{Name: "seed=2", Spec: folder(2)})
	if shared := node(t, p, "precompute/real/base"); !slices.Equal(shared.Variants, []string{"seed=1", "seed=2"}) {
		t.Errorf("precompute/real/base belongs to %q", shared.Variants)
	}
	if found, _ := p.Find("precompute/labelled/base"); len(found) != 2 {
		t.Errorf("images that differ are precomputed %d times", len(found))
	}
}

func TestKeyOfPrecompute(t *testing.T) {
	key := func(change func(s *spec.Spec), version string) string {
		s := experiment(1)
		change(s)
		p, err := Build([]Source{{Spec: s}}, precomputers{everyone{version}})
		if err != nil {
			t.Fatal(err)
		}
		return keyOf(node(t, p, "precompute/real/base"), here)
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
