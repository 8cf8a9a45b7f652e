package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// referring is an experiment with a finetune on labels and their pairs, held to
// another finetune.
func referring() *spec.Spec {
	s := experiment(1)
	human, full := s.Labels[0], s.Finetunes[0]
	pairs := &spec.Comparisons{Name: "pairs", Images: human.Images, Labels: human, PerPrompt: 4}
	s.Comparisons = []*spec.Comparisons{pairs}
	s.Finetunes = append(s.Finetunes, &spec.Finetune{
		Name: "held", Model: full.Model, Labels: []*spec.Labels{human}, Comparisons: []*spec.Comparisons{pairs},
		Reference: &spec.Model{Sampler: full.Model.Sampler, Finetune: full},
		Losses: []spec.Loss{
			{Name: "of_labels", Weight: 1, Needs: []schema.Need{schema.NeedLabels, schema.NeedReference}},
			{Name: "of_pairs", Weight: 1, Needs: []schema.Need{schema.NeedPairs, schema.NeedReference}},
		},
		Optimizer: full.Optimizer, Steps: 4, BatchSize: 8,
	})
	return s
}

// TestTuneByLabelsAndPairs: each loss gets the images that it needs with what is
// known of them, tables that several read are one input, and the reference is one.
func TestTuneByLabelsAndPairs(t *testing.T) {
	held := node(t, build(t, Source{Spec: referring()}), "tune/held")
	want := []string{
		"images 1 = images of sample/labelled", "labels 1 = labels of rate/human",
		"comparisons 1 = comparisons of compare/pairs", "reference checkpoint = checkpoint of tune/full",
	}
	if got := inputs(held); !slices.Equal(got, want) {
		t.Errorf("inputs\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	work := held.Work.(*TuneWork)
	if !slices.Equal(work.Losses[0].Sets, []TuneSet{{Images: "images 1", Labels: "labels 1"}}) ||
		!slices.Equal(work.Losses[1].Sets, []TuneSet{{Images: "images 1", Comparisons: "comparisons 1"}}) {
		t.Errorf("sets %+v", work.Losses)
	}
	if !work.Compares || work.Reference == nil || work.Reference.Checkpoint != "reference checkpoint" {
		t.Errorf("compares %v with %+v", work.Compares, work.Reference)
	}
	if full := node(t, build(t, Source{Spec: referring()}), "tune/full").Work.(*TuneWork); full.Compares || full.Reference != nil {
		t.Errorf("a loss without a reference compares %v with %+v", full.Compares, full.Reference)
	}
}

// TestKeyOfAReference: none, the sampler itself and a finetune are three keys.
func TestKeyOfAReference(t *testing.T) {
	keys := map[string]string{}
	for name, change := range map[string]func(*spec.Finetune){
		"a finetune":  func(*spec.Finetune) {},
		"the sampler": func(f *spec.Finetune) { f.Reference = &spec.Model{Sampler: f.Model.Sampler} },
		"none":        func(f *spec.Finetune) { f.Reference = nil },
	} {
		s := referring()
		change(s.Finetunes[1])
		parts, _ := KeyParts(node(t, build(t, Source{Spec: s}), "tune/held"), here, func(Input) (string, bool) { return "digest", true })
		key := record.KeyOf(parts)
		if other, same := keys[key]; same {
			t.Errorf("%s and %s have one key", name, other)
		}
		keys[key] = name
	}
}
