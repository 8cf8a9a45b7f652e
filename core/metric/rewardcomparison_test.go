package metric

import (
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func comparisonInput() RewardComparisonInput {
	in := accuracyInput()
	return RewardComparisonInput{Rater: "crowd", Model: "base", Labels: in.Labels, Rewards: []ScoredBy{
		{"clip", slices.Concat(
			scoresOf("color", "p1", "seen", 0.25, 0.2, 0.3, 0.35), // 2 of 4 pairs
			scoresOf("color", "p2", "unseen", 0.3, 0.2, 0.1),      // 1 of 1
			scoresOf("count", "p3", "unseen", 0.4, 0.1),
		)},
		{"with_aux", in.Scores},
	}}
}

func TestRewardComparisonByHand(t *testing.T) {
	metrics, err := RewardComparison(comparisonInput())
	if err != nil {
		t.Fatal(err)
	}
	// Pairs: 3.5 of 5 by with_aux (TestRewardAccuracyByHand); by clip .25 beats .2,
	// .3 beats .2, none beats .35, and .3 beats .2 in p2: 3 of 5.
	pairs := find(t, metrics, "pairwise_accuracy_difference", "", "")
	wantValue(t, pairs, 100*(3.5-3)/5)
	if pairs.Subject != "with_aux" || pairs.Versus != "clip" || pairs.N != 5 || pairs.Clusters != 2 || pairs.Unit != record.Points || pairs.Protocol[ImagesOf] != "base" {
		t.Errorf("%+v", pairs)
	}
	// By prompt +1.5 and -1: of the four flips of signs all reach a sum of 0.5.
	wantValue(t, find(t, metrics, "pairwise_accuracy_difference_p", "", ""), 1)
	// AUC: 9.5 of 15; by clip good .25 .3 .3 against bad .2 .35 .2 .4 .1: 3 each.
	wantValue(t, find(t, metrics, "auc_difference", "", ""), 100*(9.5-9)/15)
	// Images: at 0.5 four of eight. Clip is fitted on p1, .25 .2 .3 .35 good bad good
	// bad: .225 is right for three; it has .3 .2 right in p2, and .4 wrong, .1 right.
	wantValue(t, find(t, metrics, "reward_accuracy_difference", "", ""), 100*(4-6)/8.)
	wantNone(t, find(t, metrics, "pairwise_accuracy_difference", "count", ""))
	wantNone(t, find(t, metrics, "auc_difference", "count", ""))
}

// Every reward is compared with those before it, on the images that both score.
func TestRewardsAreComparedTwoByTwo(t *testing.T) {
	in := comparisonInput()
	in.Rewards = append(in.Rewards, ScoredBy{"no_aux", slices.DeleteFunc(slices.Clone(in.Rewards[1].Scores), func(s table.Score) bool { return s.Prompt == "p2" })})
	metrics, err := RewardComparison(in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range metrics {
		if m.Name == AUCDifference && m.Category == "" && m.Split == "" {
			got = append(got, m.Subject+" against "+m.Versus)
		}
		if m.Name == RewardAccuracyDifference && m.Subject == "no_aux" && m.Category == "" && m.Split == "" && (m.N != 6 || !strings.Contains(m.Note, "have no score")) {
			t.Errorf("images that one reward did not score count: %+v", m)
		}
	}
	if want := []string{"with_aux against clip", "no_aux against clip", "no_aux against with_aux"}; !slices.Equal(got, want) {
		t.Errorf("compared %q, want %q", got, want)
	}
}

// What cannot be compared says why; nothing has an interval without width.
func TestRewardsThatCannotBeCompared(t *testing.T) {
	same := comparisonInput()
	same.Rewards[0].Scores = same.Rewards[1].Scores
	constant := comparisonInput()
	constant.Rewards[0].Scores = slices.Clone(constant.Rewards[0].Scores)
	for i := range constant.Rewards[0].Scores {
		constant.Rewards[0].Scores[i].Score = 0.3
	}
	alike := comparisonInput()
	alike.Labels = slices.Clone(alike.Labels)
	for i := range alike.Labels {
		alike.Labels[i].Label = "good"
	}
	for name, c := range map[string]struct {
		in   RewardComparisonInput
		note string // of a metric without a value; empty: all have one
	}{
		"the same scores": {same, ""}, "a constant score": {constant, "clip gives every image the same score"},
		"all labels alike": {alike, "all good, or all bad"}, "no rewards": {RewardComparisonInput{}, ""},
	} {
		metrics, err := RewardComparison(c.in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		said := c.note == ""
		for _, m := range metrics {
			if m.Low != nil && *m.Low >= *m.High {
				t.Errorf("%s: %s has the interval [%v, %v]", name, m.Name, *m.Low, *m.High)
			}
			if m.Value == nil && m.Note == "" {
				t.Errorf("%s: %s is not there and does not say why", name, m.Name)
			}
			said = said || m.Value == nil && strings.Contains(m.Note, c.note)
		}
		if !said {
			t.Errorf("%s: no metric says %q", name, c.note)
		}
	}
}
