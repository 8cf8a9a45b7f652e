package stage

import (
	"path/filepath"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestMeanReward: over all tables of the loss that weighs, and none of a loss that
// reads no scores.
func TestMeanReward(t *testing.T) {
	written := func(name string, scores ...float64) string {
		var rows []table.Score
		for _, score := range scores {
			rows = append(rows, table.Score{ImageID: name, Prompt: "a ring", Score: score})
		}
		path := filepath.Join(t.TempDir(), name+".parquet")
		if err := table.WriteAll(path, rows); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pretraining := sdk.TuneLoss{Name: "pretraining", Sets: []sdk.TuneSet{{Images: "web"}}}
	weighted := sdk.TuneLoss{Name: "reward_weighted", Sets: []sdk.TuneSet{
		{Scores: written("labelled", 0.2, 0.4, 0.9)}, {Scores: written("unlabelled", 0.5)},
	}}
	facts, err := meanReward([]sdk.TuneLoss{pretraining, weighted})
	if err != nil || facts[record.MeanReward] != 0.5 {
		t.Errorf("%v, error %v, want 0.5", facts, err)
	}
	if facts, err := meanReward([]sdk.TuneLoss{pretraining}); err != nil || facts != nil {
		t.Errorf("%v, error %v, want nothing", facts, err)
	}
}
