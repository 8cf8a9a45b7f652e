package plan

import (
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/core/spec"
)

// Labels of what a reward is least sure of wait for its scores; how many are labelled is
// part of the key, and which way they are chosen.
func TestLabelsOfWhatARewardIsUnsureOf(t *testing.T) {
	s := experiment(1)
	doubtful := &spec.Labels{
		Name: "doubtful", Images: s.Images[1], Rater: s.Raters[0], Fraction: 1, Count: 3, Select: spec.SelectUncertain, Reward: s.Rewards[1],
	}
	s.Labels = append(s.Labels, doubtful)
	rate := node(t, build(t, Source{Spec: s, Seed: 1}), "rate/doubtful")
	if got, want := inputs(rate), []string{"images = images of sample/unlabelled", "scores = scores of score/unlabelled/with_aux"}; !slices.Equal(got, want) {
		t.Errorf("it reads %q, want %q", got, want)
	}
	if n, unit := rate.Items(); n != 3 || unit != "images" {
		t.Errorf("it labels %d %s", n, unit)
	}
	seen := map[string]bool{rate.identity: true}
	for name, change := range map[string]func(){
		"number": func() { doubtful.Count = 2 },
		"way":    func() { doubtful.Select, doubtful.Reward = spec.SelectRandom, nil },
		"share":  func() { doubtful.Count, doubtful.Fraction = 0, 0.5 },
	} {
		before := *doubtful
		change()
		other := node(t, build(t, Source{Spec: s, Seed: 1}), "rate/doubtful")
		if seen[other.identity] {
			t.Errorf("another %s, and the same stage", name)
		}
		seen[other.identity] = true
		*doubtful = before
	}
}
