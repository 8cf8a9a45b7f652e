package metric

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func TestAverageRewardByHand(t *testing.T) {
	scores := slices.Concat(
		scoresOf("color", "p1", "seen", 0.1, 0.3), scoresOf("color", "p2", "unseen", 0.5, 0.7), scoresOf("count", "p3", "seen", 0.9),
	)
	baseline := slices.Concat(
		scoresOf("color", "p1", "seen", 0, 0), scoresOf("color", "p2", "unseen", 0.5, 0.7), scoresOf("count", "p4", "seen", 0.9),
	)
	metrics, values, err := AverageReward(AverageRewardInput{Model: "full", Reward: "with_aux", Scores: scores, Baseline: "base", BaselineScores: baseline})
	if err != nil {
		t.Fatal(err)
	}
	wantValue(t, find(t, metrics, "average_reward", "", ""), 2.5/5)
	wantValue(t, find(t, metrics, "average_reward", "", "seen"), 1.3/3)
	wantValue(t, find(t, metrics, "average_reward", "color", "unseen"), 0.6)
	// On the prompts of both sides: 1.6/4 - 1.2/4.
	difference := find(t, metrics, "average_reward_difference", "", "")
	wantValue(t, difference, 0.1)
	// One of the two prompts moved, and either sign is as extreme.
	wantValue(t, find(t, metrics, "average_reward_difference_p", "", ""), 1)
	if difference.Versus != "base" || difference.Clusters != 2 {
		t.Errorf("%+v", difference)
	}
	if len(values) != 3 || values[0].Value != 0.2 || values[0].N != 2 || values[0].Metric != "average_reward/with_aux" {
		t.Errorf("values %+v", values)
	}
	again, _, err := AverageReward(AverageRewardInput{Model: "full", Reward: "with_aux", Scores: shuffled(scores, 3), Baseline: "base", BaselineScores: shuffled(baseline, 4)})
	if diff := cmp.Diff(metrics, again); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// The further numbers of a reward: one is minus ten times the score, the other 0.25 of
// every image.
func TestAverageOfPartsByHand(t *testing.T) {
	of := func(scores []table.Score) []table.Score {
		for i, s := range scores {
			scores[i].Parts = map[string]float64{"wide": -10 * s.Score, "even": 0.25}
		}
		return scores
	}
	scores := of(slices.Concat(scoresOf("color", "p1", "seen", 0.1, 0.3), scoresOf("color", "p2", "seen", 0.5, 0.7)))
	baseline := of(slices.Concat(scoresOf("color", "p1", "seen", 0, 0), scoresOf("color", "p2", "seen", 0.5, 0.7)))
	in := AverageRewardInput{Model: "full", Reward: "mine", Scores: scores, Baseline: "base", BaselineScores: baseline}
	metrics, values, err := AverageReward(in)
	if err != nil {
		t.Fatal(err)
	}
	wantValue(t, find(t, metrics, "average_reward", "", ""), 0.4)
	ofPart := func(name, part string) record.Metric {
		var own []record.Metric
		for _, m := range metrics {
			if m.Part == part {
				own = append(own, m)
			}
		}
		return find(t, own, name, "", "")
	}
	wide, even, difference := ofPart("average_part", "wide"), ofPart("average_part", "even"), ofPart("average_part_difference", "wide")
	wantValue(t, wide, -4)
	wantValue(t, even, 0.25)
	wantValue(t, difference, -1)
	if wide.Reward != "mine" || wide.N != 4 || wide.Clusters != 2 || difference.Versus != "base" {
		t.Errorf("%+v\n%+v", wide, difference)
	}
	if even.Low != nil || !strings.Contains(even.Note, "the same number") {
		t.Errorf("%+v", even)
	}
	if len(values) != 6 || values[2].Metric != "average_part/mine/even" || values[4].Metric != "average_part/mine/wide" || values[4].Value != -2 {
		t.Errorf("values %+v", values)
	}
	delete(in.BaselineScores[1].Parts, "wide")
	if _, _, err := AverageReward(in); err == nil || !strings.Contains(err.Error(), `image "color/p1/1" has no part "wide"`) {
		t.Errorf("an image without a part: %v", err)
	}
}

func TestAverageRewardNamesABrokenScore(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, _, err := AverageReward(AverageRewardInput{Model: "full", Reward: "clip", Scores: scoresOf("c", "p", "seen", 1, bad)})
		if err == nil || !strings.Contains(err.Error(), `image "c/p/1"`) {
			t.Errorf("score %v: %v", bad, err)
		}
	}
	twice := append(scoresOf("c", "p", "seen", 1), scoresOf("c", "p", "seen", 1)...)
	if _, _, err := AverageReward(AverageRewardInput{Scores: twice}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("an image scored twice: %v", err)
	}
}

func TestAverageOfAConstantReward(t *testing.T) {
	metrics, _, err := AverageReward(AverageRewardInput{Scores: slices.Concat(scoresOf("c", "p", "seen", 0.5, 0.5), scoresOf("c", "q", "seen", 0.5))})
	if err != nil {
		t.Fatal(err)
	}
	m := find(t, metrics, "average_reward", "", "")
	wantValue(t, m, 0.5)
	if m.Low != nil || !strings.Contains(m.Note, "same score") {
		t.Errorf("%+v", m)
	}
	metrics, _, _ = AverageReward(AverageRewardInput{})
	wantNone(t, find(t, metrics, "average_reward", "", ""))
}
