package metric

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func accuracyInput() RewardAccuracyInput {
	return RewardAccuracyInput{
		Reward: "with_aux", Rater: "crowd",
		Labels: slices.Concat(
			labelsOf("color", "p1", "seen", "ggb", "gbb", "ggg", "bbb"), // good bad good bad
			labelsOf("color", "p2", "unseen", "ggg", "bbb", "gb"),       // good bad even
			labelsOf("count", "p3", "unseen", "bbb", "bbb"),             // bad bad
		),
		Scores: slices.Concat(
			scoresOf("color", "p1", "seen", 0.9, 0.2, 0.4, 0.4),
			scoresOf("color", "p2", "unseen", 0.35, 0.6, 0.1),
			scoresOf("count", "p3", "unseen", 0.1, 0.7),
		),
	}
}

func TestRewardAccuracyByHand(t *testing.T) {
	metrics, values, err := RewardAccuracy(accuracyInput())
	if err != nil {
		t.Fatal(err)
	}
	// At 0.5: p1 right right wrong right; p2 wrong wrong; p3 right wrong.
	accuracy := find(t, metrics, "reward_accuracy", "", "")
	wantValue(t, accuracy, 4.0/8)
	if accuracy.N != 8 || accuracy.Clusters != 3 || accuracy.Protocol["threshold"] != "0.5" || accuracy.Protocol["without a majority"] != "1 images" {
		t.Errorf("%+v", accuracy)
	}
	wantValue(t, find(t, metrics, "reward_accuracy", "", "seen"), 0.75)
	wantValue(t, find(t, metrics, "reward_accuracy", "", "unseen"), 0.25)
	// Pairs in p1: (.9,.2) (.9,.4) (.4,.2) right, (.4,.4) half; in p2: (.35,.6) wrong.
	pairs := find(t, metrics, "pairwise_accuracy", "", "")
	wantValue(t, pairs, 3.5/5)
	if pairs.N != 5 || pairs.Clusters != 2 {
		t.Errorf("pairs %d in %d prompts", pairs.N, pairs.Clusters)
	}
	wantValue(t, find(t, metrics, "auc_within_prompt", "", ""), (3.5/4+0)/2)
	wantNone(t, find(t, metrics, "pairwise_accuracy", "count", ""))
	wantNone(t, find(t, metrics, "auc", "count", "unseen"))
	// Good .9 .4 .35 against bad .2 .4 .6 .1 .7: .9 beats 5, .4 beats 2 and ties 1, .35 beats 2.
	wantValue(t, find(t, metrics, "auc", "", ""), 9.5/15)
	wantValue(t, find(t, metrics, "majority_accuracy", "", ""), 5.0/8)
	wantValue(t, find(t, metrics, "majority_accuracy", "count", ""), 1)
	// On the seen split .3, between .2 and .4, and .65, between .4 and .9, are
	// both right for three of four; the first is taken.
	fitted := find(t, metrics, "reward_accuracy_fitted", "", "unseen")
	if !strings.HasPrefix(fitted.Protocol["threshold"], "0.3,") {
		t.Errorf("threshold %q", fitted.Protocol["threshold"])
	}
	wantValue(t, fitted, 2.0/4) // .35 and .1 are right; .6 and .7 are wrong
	if len(values) != 5 {
		t.Errorf("%d values, want accuracy of 3 prompts and pairs of 2", len(values))
	}
}

func TestScoresOnAnotherScaleGetTheFittedThreshold(t *testing.T) {
	in := accuracyInput()
	for i := range in.Scores {
		in.Scores[i].Score = 20*in.Scores[i].Score + 10
	}
	metrics, _, err := RewardAccuracy(in)
	if err != nil {
		t.Fatal(err)
	}
	m := find(t, metrics, "reward_accuracy", "", "")
	if want := find(t, metrics, "reward_accuracy_fitted", "", ""); *m.Value != *want.Value {
		t.Errorf("got %v, want %v", *m.Value, *want.Value)
	}
	if m.Protocol["threshold"] != "16, the best on the seen split" {
		t.Errorf("threshold %q", m.Protocol["threshold"])
	}
	// A cosine similarity lies in [0, 1] too, but never near 0.5.
	for i := range in.Scores {
		in.Scores[i].Score /= 100
	}
	metrics, _, _ = RewardAccuracy(in)
	if m := find(t, metrics, "reward_accuracy", "", ""); !strings.HasPrefix(m.Protocol["threshold"], "0.16,") {
		t.Errorf("threshold %q", m.Protocol["threshold"])
	}
	given := 12.0
	in.Threshold = &given
	metrics, _, _ = RewardAccuracy(in)
	if m := find(t, metrics, "reward_accuracy", "", ""); m.Protocol["threshold"] != "12, given" {
		t.Errorf("threshold %q", m.Protocol["threshold"])
	}
}

func TestConstantRewardHasNoAccuracy(t *testing.T) {
	in := accuracyInput()
	for i := range in.Scores {
		in.Scores[i].Score = 0.5
	}
	metrics, _, err := RewardAccuracy(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"reward_accuracy", "pairwise_accuracy", "auc", "auc_within_prompt"} {
		wantNone(t, find(t, metrics, name, "", ""))
	}
	wantValue(t, find(t, metrics, "majority_accuracy", "", ""), 5.0/8)
}

func TestUnscoredImagesAreCounted(t *testing.T) {
	in := accuracyInput()
	in.Scores = in.Scores[1:]
	metrics, _, err := RewardAccuracy(in)
	if err != nil {
		t.Fatal(err)
	}
	if m := find(t, metrics, "auc", "", ""); m.N != 7 || !strings.Contains(m.Note, "1 labelled images have no score") {
		t.Errorf("%+v", m)
	}
	metrics, _, err = RewardAccuracy(RewardAccuracyInput{})
	if err != nil {
		t.Fatal(err)
	}
	wantNone(t, find(t, metrics, "reward_accuracy", "", ""))
	wantNone(t, find(t, metrics, "auc", "", ""))
}

func TestRankingsIgnoreTheScale(t *testing.T) {
	score := rapid.Float64Range(0, 1)
	rapid.Check(t, func(t *rapid.T) {
		in := accuracyInput()
		for i := range in.Scores {
			in.Scores[i].Score = score.Draw(t, "score")
		}
		metrics, _, err := RewardAccuracy(in)
		if err != nil {
			t.Fatal(err)
		}
		moved := in
		moved.Scores = slices.Clone(in.Scores)
		for i := range moved.Scores {
			moved.Scores[i].Score *= 8 // exact: makes no ties
		}
		moved.Labels = shuffled(in.Labels, 9)
		again, _, err := RewardAccuracy(moved)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range metrics {
			if m.Name == "auc" || m.Name == "auc_within_prompt" || m.Name == "pairwise_accuracy" {
				if diff := cmp.Diff(m, again[i]); diff != "" {
					t.Fatal(diff)
				}
			}
		}
	})
}
