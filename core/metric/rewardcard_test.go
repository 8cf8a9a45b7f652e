package metric

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// cardMetric finds the metric of a name, subject and perturbation over all prompts.
func cardMetric(t *testing.T, metrics []record.Metric, name, perturbation string, bin int) record.Metric {
	t.Helper()
	at := slices.IndexFunc(metrics, func(m record.Metric) bool {
		return m.Name == name && m.Perturbation == perturbation && m.Bin == bin && m.Category == "" && m.Split == ""
	})
	if at < 0 {
		t.Fatalf("no %s of %q, bin %d", name, perturbation, bin)
	}
	return metrics[at]
}

// Two prompts with two images each, of which a good and a bad one; scores 0.8, 0.2, 0.6,
// 0.4: mean 0.5, variance (0.09+0.09+0.01+0.01)/4 = 0.05.
func TestRewardCardByHand(t *testing.T) {
	scores := append(scoresOf("color", "p1", "seen", 0.8, 0.2), scoresOf("color", "p2", "seen", 0.6, 0.4)...)
	labels := append(labelsOf("color", "p1", "seen", "ggb", "bbb"), labelsOf("color", "p2", "seen", "ggs", "bbg")...)
	after := func(values ...float64) map[string]float64 {
		changed := map[string]float64{}
		for i, value := range values {
			changed[scores[i].ImageID] = value
		}
		return changed
	}
	metrics, values, err := RewardCard(RewardCardInput{Model: "base", Rater: "crowd", Labels: labels, Bins: 10, Rewards: []Carded{{
		Reward: "learned", Scores: scores, Perturbed: []Perturbed{
			{Name: "blank", Destroys: true, Scores: after(0.1, 0.9, 0.6, 0.9)},
			{Name: "jpeg_50", Scores: after(0.7, 0.3, 0.6, 0.4)},
			{Name: "other_prompt", Destroys: true},
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		name, perturbation string
		value              float64
		n                  int
	}{
		{ScoreAbove, "blank", 0.75, 2}, // of the good images one is above, one the same
		{ScoreChange, "blank", (-0.7 + 0.7 + 0 + 0.5) / 4 / math.Sqrt(0.05), 4},
		{ScoreChangeSize, "jpeg_50", (0.1 + 0.1) / 4 / math.Sqrt(0.05), 4},
		{ScoreChange, "jpeg_50", 0, 4},
		// Votes 2/3, 0, 1, 1/3 of mean 1/2, as the scores'.
		{CalibrationBias, "", 0, 4},
		// Of each rater against the other two, where these agree. p1, image 1: only the
		// third sees two of one mind, and differs: 0 of 1. Image 2: 3 of 3. p2, image 1:
		// each of two sees one other: 2 of 2. Image 2: only the third: 0 of 1.
		{RaterAccuracy, "", 5.0 / 7, 7},
	} {
		m := cardMetric(t, metrics, want.name, want.perturbation, 0)
		if m.Value == nil || math.Abs(*m.Value-want.value) > 1e-9 || m.N != want.n {
			t.Errorf("%s of %q: %v of %d, want %v of %d (%s)", want.name, want.perturbation, value(m), m.N, want.value, want.n, m.Note)
		}
	}
	if m := cardMetric(t, metrics, ScoreChange, "other_prompt", 0); m.Value != nil || m.Note != "no image was changed so" {
		t.Errorf("of no other prompt: %v, %q", value(m), m.Note)
	}
	if m := cardMetric(t, metrics, CalibrationError, "", 0); m.Value != nil || !strings.Contains(m.Note, "fewer than 6 prompts") {
		t.Errorf("of two prompts: calibration error %v, %q", value(m), m.Note)
	}
	if m := cardMetric(t, metrics, ReliabilityShare, "", 1); *m.Value != 0.5 {
		t.Errorf("share of good votes %v", *m.Value)
	}
	if len(values) != 2 || values[0].Metric != "score_above/blank" || values[0].Value != 1 || values[1].Value != 0.5 {
		t.Errorf("values %v", values)
	}
}

func value(m record.Metric) any {
	if m.Value == nil {
		return nil
	}
	return *m.Value
}

// A score that is no probability, and is as good as one after a fit: its votes follow it.
func TestCalibrationAfterAFit(t *testing.T) {
	var scores []table.Score
	var labels []table.Label
	for prompt := range 30 {
		name := fmt.Sprintf("p%02d", prompt)
		scores = append(scores, scoresOf("color", name, "seen", -3, -1, 1, 3)...)
		bad := []string{"bbbb", "gbbb", "ggbb"}[prompt%3] // by prompt, so that they spread
		labels = append(labels, labelsOf("color", name, "seen", "bbbb", bad, "gggb", "gggg")...)
	}
	of := RewardCardInput{Model: "base", Rater: "crowd", Labels: labels, Bins: 4, Rewards: []Carded{{Reward: "logit", Scores: scores}}}
	metrics, _, err := RewardCard(of)
	if err != nil {
		t.Fatal(err)
	}
	m := cardMetric(t, metrics, CalibrationError, "", 0)
	if m.Value == nil || *m.Value > 0.02 || m.Low == nil || m.Protocol[Calibrated] != AfterFit {
		t.Errorf("error %v, %q, %q", value(m), m.Protocol[Calibrated], m.Note)
	}
	if m := cardMetric(t, metrics, CalibrationBias, "", 0); m.Value != nil || m.Note != "the score is no probability" {
		t.Errorf("bias %v, %q", value(m), m.Note)
	}
	for bin, want := range []float64{0, 0.25, 0.75, 1} {
		if m := cardMetric(t, metrics, ReliabilityShare, "", bin+1); math.Abs(*m.Value-want) > 1e-9 || m.N != 30 {
			t.Errorf("bin %d: %v of %d, want %v", bin+1, *m.Value, m.N, want)
		}
	}
	// The same in another order of rows.
	of.Labels, of.Rewards[0].Scores = shuffled(labels, 1), shuffled(scores, 2)
	again, _, err := RewardCard(of)
	if err != nil || *cardMetric(t, again, CalibrationError, "", 0).Low != *m.Low {
		t.Errorf("another order of rows gives another interval (%v)", err)
	}
	for i := range scores {
		scores[i].Score = 2
	}
	of.Rewards[0].Scores = scores
	constant, _, err := RewardCard(of)
	if err != nil {
		t.Fatal(err)
	}
	if m := cardMetric(t, constant, CalibrationError, "", 0); m.Value != nil || !strings.Contains(m.Note, "every image has the same score") {
		t.Errorf("of a constant: %v, %q", value(m), m.Note)
	}
}
