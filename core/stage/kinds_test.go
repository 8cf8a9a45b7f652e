package stage

import (
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
)

// unknown is work that no row does: it is made of a type that the table has not.
type unknown struct{ plan.Work }

func TestWorkThatNothingDoes(t *testing.T) {
	_, err := Run(t.Context(), Job{Node: &plan.Node{Kind: "dance", Work: unknown{}}, Scratch: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), `"dance" is not known`) {
		t.Errorf("got %v", err)
	}
}

// Every type of work is done by one row: of two, the order of the table would say
// which.
func TestOneRowDoesAWork(t *testing.T) {
	for _, work := range []plan.Work{
		&plan.SampleWork{}, &plan.ImportWork{}, &plan.MatchWork{}, &plan.RateWork{}, &plan.CompareWork{}, &plan.PreferWork{}, &plan.FitWork{}, &plan.TextsWork{},
		&plan.ScoreWork{}, &plan.BlendWork{}, &plan.ChooseWork{}, &plan.PerturbWork{}, &plan.PrecomputeWork{}, &plan.TuneWork{}, &plan.WatchWork{}, &plan.KeepWork{}, &plan.EncodeWork{}, &plan.EncodeTextsWork{},
		&plan.AlignmentWork{}, &plan.PreferenceWork{}, &plan.StrengthWork{}, &plan.RewardWork{}, &plan.FidelityWork{}, &plan.RewardAccuracyWork{}, &plan.BestOfWork{}, &plan.RewardCardWork{},
	} {
		rows := 0
		for _, kind := range kinds {
			if kind.takes(work) {
				rows++
			}
		}
		if rows != 1 {
			t.Errorf("%T is done by %d rows", work, rows)
		}
	}
}
