package reports

import (
	"bytes"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// cardMetrics makes up a card of a reward that reads the prompt, and looks at the image
// as far as share, with half of an interval, says.
func cardMetrics(reward string, share, half float64) []record.Metric {
	base := record.Metric{Subject: reward, N: 60, Clusters: 40, Unit: record.Share, Protocol: map[string]string{metric.ImagesOf: "base", "bins": "8", metric.Calibrated: metric.AfterFit}}
	named := func(name, perturbation string) record.Metric {
		m := base
		m.Name, m.Perturbation = name, perturbation
		return m
	}
	plain := func(name, perturbation string) record.Metric {
		m := named(name, perturbation)
		m.Unit = record.Plain
		return m
	}
	none := named(metric.CalibrationBias, "")
	none.Note = "the score is no probability"
	chance := named(metric.CalibrationErrorChance, "")
	chance.Value = rounded(0.04)
	ofColors := named(metric.ScoreAbove, "other_prompt")
	ofColors.Category = "color"
	metrics := []record.Metric{
		around(named(metric.ScoreAbove, "other_prompt"), 0.9, 0.06), around(ofColors, 0.97, 0.02), around(named(metric.ScoreAbove, "blank"), share, half),
		around(plain(metric.ScoreChange, "other_prompt"), -1.3, 0.2), around(plain(metric.ScoreChange, "blank"), -0.1, 0.3),
		around(plain(metric.ScoreChange, "jpeg_50"), -0.12, 0.05), around(plain(metric.ScoreChangeSize, "jpeg_50"), 0.31, 0.06),
		around(plain(metric.ScoreChange, "resize_50"), -0.02, 0.05), around(plain(metric.ScoreChangeSize, "resize_50"), 0.9, 0.2),
		around(named(metric.CalibrationError, ""), 0.05, 0.05), chance, none,
	}
	for _, name := range []string{metric.RaterAccuracy, metric.RaterPairwiseAccuracy} {
		m := named(name, "")
		m.Subject = "crowd"
		metrics = append(metrics, around(m, 0.95, 0.02))
	}
	return metrics
}

func withCard(t *testing.T, share, half float64) *synthetic {
	s := syntheticExperiment(t)
	s.stage(&s.run.Variants[0], record.Record{Node: "measure/main/reward_card", Stage: measuring("reward_card", ""), Metrics: cardMetrics("with_aux", share, half)})
	return s
}

func TestCardSaysWhatTheNumbersSay(t *testing.T) {
	r := Build(withCard(t, 0.98, 0.01).input())
	var found *Table
	for i := range r.Tables {
		if r.Tables[i].ID == "card" {
			found = &r.Tables[i]
		}
	}
	if found == nil {
		t.Fatal("no card")
	}
	got := map[string]string{}
	for _, row := range found.Rows {
		got[row.Cells[cardCheck.Key].Text+", "+row.Cells[cardPrompts.Key].Text] = row.Cells[cardReading.Key].Text
	}
	for check, reading := range map[string]string{
		"pairs told right (%), all":              "tells good from bad; short of a rater",
		"calibration error after a fit (%), all": "no error beyond chance seen",
		"own prompt before another (%), all":     "reads the prompt",
		"own prompt before another (%), color":   "reads the prompt",
		"image before blank (%), all":            "looks at the image",
		"JPEG 50, change (sd), all":              "scores fall",
		"JPEG 50, size (sd), all":                "by less than half of the spread",
		"resize to 50 %, change (sd), all":       "no shift seen",
		"resize to 50 %, size (sd), all":         "by more than half of the spread",
		"images told right (%), all":             "short of a rater",
		"AUC (%), all":                           "one scale over prompts tells good from bad",
	} {
		if got[check] != reading {
			t.Errorf("%s: %q, want %q", check, got[check], reading)
		}
	}
	if _, said := got["score less share of good votes (points), all"]; said {
		t.Error("a score that is no probability has a bias")
	}
	for _, alarm := range r.Alarms {
		if strings.HasPrefix(alarm, "Reward with_aux") {
			t.Errorf("alarm %q", alarm)
		}
	}
	var out bytes.Buffer
	if err := printTerminal(&out, 100, r); err != nil || strings.Contains(out.String(), "NaN") {
		t.Errorf("printed with %v", err)
	}
}

func TestCardAlarms(t *testing.T) {
	r := Build(withCard(t, 0.56, 0.09).input())
	const want = "Reward with_aux scores 56 % [47, 65] of good images higher than a blank image in their place, where chance gives 50 %: nothing shows that it looks at the image."
	found := false
	for _, alarm := range r.Alarms {
		found = found || alarm == want
	}
	if !found {
		t.Errorf("alarms %q", r.Alarms)
	}
}
