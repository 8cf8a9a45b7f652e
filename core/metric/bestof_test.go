package metric

import (
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func TestBestOfByHand(t *testing.T) {
	best, random := winLabels()
	tuned := slices.Concat(labelsOf("color", "p1", "seen", "ggg", "ggg"), labelsOf("color", "p2", "seen", "ggg", "ggg"))
	metrics, values, err := BestOf(BestOfInput{
		Model: "base", N: 16, Keep: 2, Rater: "crowd", Random: random, Models: map[string][]table.Label{"full": tuned},
		Chosen: []Chosen{{"with_aux", best, []string{"full"}}, {"clip", random, nil}},
	})
	if err != nil {
		t.Fatal(err)
	}
	against := func(versus string) []record.Metric {
		return slices.DeleteFunc(slices.Clone(metrics), func(m record.Metric) bool {
			return m.Versus != versus || m.Reward != "with_aux"
		})
	}
	vsRandom, vsTuned, vsClip := against("random 2 of 16 of base"), against("full"), against("best 2 of 16 of base by clip")
	wantValue(t, find(t, vsRandom, "best_of_win_share", "", ""), 0.5)
	wantValue(t, find(t, vsRandom, "best_of_good_share_difference", "", ""), 25)
	wantValue(t, find(t, vsClip, "best_of_good_share_difference", "", ""), 25)
	wantValue(t, find(t, vsTuned, "best_of_lose_share", "", ""), 0.5)
	wantValue(t, find(t, vsTuned, "best_of_tie_share", "", ""), 0.5)
	shares := slices.DeleteFunc(slices.Clone(metrics), func(m record.Metric) bool { return m.Subject != "best 2 of 16 of base by with_aux" })
	wantValue(t, find(t, shares, "best_of_good_share", "", ""), 0.5)
	for _, m := range metrics {
		if m.Subject == "random 2 of 16 of base" && m.Name == "best_of_good_share" && m.Category == "" && m.Split == "" {
			wantValue(t, m, 0.25)
		}
	}
	for _, m := range metrics {
		best, random := strings.HasPrefix(m.Subject, "best 2 of 16 of base by "), m.Subject == "random 2 of 16 of base"
		if (m.Choice == record.Best) != best || (m.Choice == record.Random) != random || (m.VersusChoice == record.Random) != (m.Versus == "random 2 of 16 of base") {
			t.Errorf("%s of %q against %q: chosen %q against %q", m.Name, m.Subject, m.Versus, m.Choice, m.VersusChoice)
		}
		if chosen := strings.HasSuffix(m.Subject, " by "+m.Reward); m.Rater != "crowd" || (m.Choice == record.Best) != (chosen && m.Reward != "") {
			t.Errorf("%s of %q: rated by %q, chosen by %q", m.Name, m.Subject, m.Rater, m.Reward)
		}
		if m.Reward == "clip" && m.Versus != "" && m.Versus != "random 2 of 16 of base" {
			t.Errorf("the last reward's choice is compared with %q", m.Versus)
		}
	}
	if len(values) == 0 || values[0].Metric != "best_of_good_share" {
		t.Errorf("values %+v", values)
	}
}

// A model may be called as the phrase for random images begins.
func TestAModelOfAnyName(t *testing.T) {
	best, other := winLabels()
	metrics, _, err := BestOf(BestOfInput{
		Model: "base", N: 4, Keep: 2, Rater: "crowd", Models: map[string][]table.Label{"random walk": other},
		Chosen: []Chosen{{"r", best, []string{"random walk"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		if m.Choice == record.Random || m.VersusChoice == record.Random {
			t.Errorf("%s of %q against %q counts as random images", m.Name, m.Subject, m.Versus)
		}
	}
}
