package metric

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
