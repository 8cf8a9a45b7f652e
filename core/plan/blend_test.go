package plan

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// mixed is the experiment with a weighted sum of both its rewards, which tunes and
// chooses, and a sum of that sum, which is measured.
func mixed() *spec.Spec {
	s := experiment(1)
	mix := &spec.Component{Kind: "reward", Component: "weighted_sum", Name: "mix", Config: json.RawMessage("{}"), Sum: &spec.WeightedSum{
		Normalize: spec.NormalizeStandard, Over: s.Images[0],
		Members: []spec.Member{{Reward: s.Rewards[1], Weight: 0.7}, {Reward: s.Rewards[0], Weight: -0.3}},
	}}
	twice := &spec.Component{Kind: "reward", Component: "weighted_sum", Name: "twice", Config: json.RawMessage("{}"), Sum: &spec.WeightedSum{
		Normalize: spec.NormalizeNone, Members: []spec.Member{{Reward: mix, Weight: 2}},
	}}
	s.Rewards = append(s.Rewards, mix, twice)
	s.Finetunes[0].Reward = mix
	s.Evaluate[0].Rewards = []*spec.Component{twice}
	s.Evaluate[0].BestOf[0].Reward = mix
	return s
}

func TestWeightedSum(t *testing.T) {
	p := build(t, Source{Spec: mixed()})
	for name, want := range map[string][]string{
		"blend/labelled/mix": {
			"scores 1 = scores of score/labelled/with_aux", "scores 1 over = scores of score/labelled/with_aux",
			"scores 2 = scores of score/labelled/clip", "scores 2 over = scores of score/labelled/clip",
		},
		"blend/main/full/mix": {
			"scores 1 = scores of score/main/full/with_aux", "scores 1 over = scores of score/labelled/with_aux",
			"scores 2 = scores of score/main/full/clip", "scores 2 over = scores of score/labelled/clip",
		},
		"blend/main/full/twice": {"scores 1 = scores of blend/main/full/mix"},
		"tune/full": {
			"images 1 = images of sample/labelled", "scores 1 = scores of blend/labelled/mix",
			"images 2 = images of sample/unlabelled", "scores 2 = scores of blend/unlabelled/mix",
			"images 3 = images of sample/real",
		},
		"choose/main/best_of/base/best/mix": {"images = images of sample/main/best_of/base", "scores = scores of blend/main/best_of/base/mix"},
		"measure/main/reward/base":          {"scores twice = scores of blend/main/base/twice"},
	} {
		if got := inputs(node(t, p, name)); !slices.Equal(got, want) {
			t.Errorf("inputs of %s\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if n := node(t, p, "blend/labelled/mix"); n.Instance != nil || n.About.Reward != "mix" || n.About.Subject != "labelled" {
		t.Errorf("%+v", n)
	}
}

// TestKeyOfAWeightedSum: what the sum is made of is in the key, and what its
// members are called is not.
func TestKeyOfAWeightedSum(t *testing.T) {
	key := func(change func(*spec.WeightedSum)) string {
		s := mixed()
		change(s.Rewards[2].Sum)
		parts, _ := KeyParts(node(t, build(t, Source{Spec: s}), "blend/main/full/mix"), here, func(Input) (string, bool) { return "digest", true })
		return record.KeyOf(parts)
	}
	usual := key(func(*spec.WeightedSum) {})
	for name, change := range map[string]func(*spec.WeightedSum){
		"weight":           func(sum *spec.WeightedSum) { sum.Members[1].Weight = 0.3 },
		"way to normalise": func(sum *spec.WeightedSum) { sum.Normalize = spec.NormalizeRange },
		"member":           func(sum *spec.WeightedSum) { sum.Members = sum.Members[:1] },
	} {
		if key(change) == usual {
			t.Errorf("another %s, the same key", name)
		}
	}
	if key(func(sum *spec.WeightedSum) { sum.Members[0].Reward.Name = "other" }) != usual {
		t.Error("a member of another name, another key")
	}
}

// TestImagesAreEncodedOnce: whoever reads features of some images by an encoder
// reads those of one stage.
func TestImagesAreEncodedOnce(t *testing.T) {
	s := mixed()
	again := *s.Evaluate[0]
	again.Name = "again"
	s.Evaluate = append(s.Evaluate, &again)
	p := build(t, Source{Spec: s})
	encoded := map[*Node]string{}
	for _, n := range p.Nodes {
		if _, is := n.Work.(*EncodeWork); !is {
			continue
		}
		images, _ := n.Input(Images)
		if other, ok := encoded[images.Node]; ok {
			t.Errorf("%s and %s encode the same images", other, n.Name)
		}
		encoded[images.Node] = n.Name
	}
	if len(encoded) != 9 { // labelled, unlabelled, real; base, full and best_of of two evaluations
		t.Errorf("%d images are encoded: %v", len(encoded), encoded)
	}
}
