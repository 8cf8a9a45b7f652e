package plan

import (
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/core/spec"
)

// A card shares the evaluation's images, labels and scores, and has its changed images
// scored by each reward; all of the changes are one table.
func TestRewardCardIsPlanned(t *testing.T) {
	s := experiment(1)
	before := len(build(t, Source{Spec: s}).Nodes)
	s.Evaluate[0].Card = &spec.RewardCard{Images: 3, JPEG: []int{50}, Resize: 50, Bins: 10}
	p := build(t, Source{Spec: s})
	want := []string{
		"labels = labels of rate/main/base",
		"scores clip = scores of score/main/base/clip",
		"perturbed scores clip = scores of score/main/base/perturbed/clip",
		"scores with_aux = scores of score/main/base/with_aux",
		"perturbed scores with_aux = scores of score/main/base/perturbed/with_aux",
	}
	if got := inputs(node(t, p, "measure/main/reward_card")); !slices.Equal(got, want) {
		t.Errorf("inputs %q\nwant %q", got, want)
	}
	if got := len(p.Nodes) - before; got != 5 { // perturb, encode, two scores, measure
		t.Errorf("the card adds %d stages", got)
	}
	work := node(t, p, "perturb/main/base").Work.(*PerturbWork)
	if items, unit := work.items(); items != 3*6 || unit != "images" {
		t.Errorf("%d %s are made", items, unit)
	}
	// Without raters there is no ceiling and no calibration; the rest is there.
	s.Evaluate[0].Alignment, s.Evaluate[0].BestOf = nil, nil
	if got := inputs(node(t, build(t, Source{Spec: s}), "measure/main/reward_card")); !slices.Equal(got, want[1:]) {
		t.Errorf("without raters %q", got)
	}
}
