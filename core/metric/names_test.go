package metric

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Every row of the table is computed by its measure, and nothing else is.
func TestTheTableIsWhatIsMeasured(t *testing.T) {
	first, second := winLabels()
	scores := func(shift float64) []table.Score {
		all := append(scoresOf("color", "p1", "seen", 0.1+shift, 0.7), scoresOf("color", "p2", "seen", 0.2+shift, 0.9)...)
		for i := range all {
			all[i].Parts = map[string]float64{"half": all[i].Score / 2}
		}
		return all
	}
	points := featuresOf([][]float32{{0, 1}, {1, 0}, {1, 1}, {0, 0}}, 2)
	measured := map[Measure]map[string]record.Metric{}
	take := func(measure Measure) func([]record.Metric, []dataset.PromptValue, error) {
		return func(metrics []record.Metric, _ []dataset.PromptValue, err error) {
			if err != nil {
				t.Fatal(err)
			}
			if measured[measure] == nil {
				measured[measure] = map[string]record.Metric{}
			}
			for _, m := range metrics {
				measured[measure][m.Name] = m
			}
		}
	}
	take(MeasureAlignment)(Alignment(AlignmentInput{Model: "m", Baseline: "b", ModelLabels: first, BaselineLabels: second}))
	take(MeasureAlignment)(Agreement(AgreementInput{Labels: first}))
	take(MeasurePreference)(Preference(PreferenceInput{Model: "m", Versus: "b", Choices: preferencesOf("alignment", "bt", "w", "", "b")}))
	strengths, err := Strengths(StrengthInput{Models: []string{"tuned", "base"}, Baseline: "base", Choices: [][]table.Preference{preferencesOf("alignment", "bt", "w")}})
	take(MeasureStrength)(strengths, nil, err)
	take(MeasureReward)(AverageReward(AverageRewardInput{Scores: scores(0), BaselineScores: scores(0.1)}))
	take(MeasureFidelity)(Fidelity(FidelityInput{Baseline: "b", Features: points, BaselineFeatures: points, ReferenceFeatures: points}))
	take(MeasureRewardAccuracy)(RewardAccuracy(RewardAccuracyInput{Scores: scores(0), Labels: first}))
	comparison, err := RewardComparison(RewardComparisonInput{Rewards: []ScoredBy{{"a", scores(0)}, {"b", scores(0.1)}}, Labels: first})
	take(MeasureRewardAccuracy)(comparison, nil, err)
	take(MeasureRewardCard)(RewardCard(RewardCardInput{Rater: "r", Labels: first, Bins: 2, Rewards: []Carded{{
		Reward: "a", Scores: scores(0), Perturbed: []Perturbed{{Name: "blank", Destroys: true, Scores: map[string]float64{scores(0)[0].ImageID: 0}}},
	}}}))
	for _, at := range [][]Checkpoint{
		{{Step: 0, Trained: scores(0), Labels: first}, {Step: 5, Trained: scores(0.1), Labels: first}},
		{{Step: 0, Trained: scores(0), Judged: scores(0)}, {Step: 5, Trained: scores(0.1), Judged: scores(0.2)}},
	} {
		metrics, _, err := Checkpoints(CheckpointsInput{Reward: "a", Judge: "b", At: at})
		take(MeasureCheckpoints)(metrics, nil, err)
	}
	take(MeasureBestOf)(BestOf(BestOfInput{N: 4, Keep: 2, Chosen: []Chosen{{Labels: first}}, Random: second}))

	for measure, metrics := range measured {
		var want []string
		for _, row := range definitions {
			if row.Measure == measure {
				want = append(want, row.Name)
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(metrics))); diff != "" {
			t.Errorf("%s (-table +measured):\n%s", measure, diff)
		}
		for name, m := range metrics {
			if row, _ := Define(name); m.Unit != row.Unit || m.Better != row.Better {
				t.Errorf("%s is measured in %q, better %q; the table says %q, %q", name, m.Unit, m.Better, row.Unit, row.Better)
			}
		}
	}
	if len(measured) != len(measures) {
		t.Errorf("%d of %d measures were tried", len(measured), len(measures))
	}
}

func TestMeasureOf(t *testing.T) {
	for name, want := range map[string]Measure{
		"alignment": MeasureAlignment, "good_share": MeasureAlignment, "agreement_alpha": MeasureAlignment,
		"reward": MeasureReward, "average_reward": MeasureReward, "average_part": MeasureReward, "kid": MeasureFidelity,
		"reward_accuracy": MeasureRewardAccuracy, "majority_accuracy": MeasureRewardAccuracy, "auc": MeasureRewardAccuracy,
		"best_of": MeasureBestOf, "best_of_good_share": MeasureBestOf,
	} {
		if got, ok := MeasureOf(name); got != want || !ok {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "good_shares", "win_", "some_accuracy", "best_of_everything", "metric.fid"} {
		if measure, ok := MeasureOf(name); ok {
			t.Errorf("%q is of %q", name, measure)
		}
	}
	names := Names()
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) || !slices.Contains(names, "reward_accuracy") {
		t.Errorf("names %q", names)
	}
}
