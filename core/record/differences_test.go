package record

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDifferences(t *testing.T) {
	run := func(steps, edited string) *Run {
		r := &Run{
			Variables: map[string]string{"steps": steps, "rate": "0.1"},
			Settings:  map[string]string{"finetune.full.steps": steps, "finetune.full.batch_size": "4"},
		}
		if edited != "" {
			r.Settings["finetune.full.losses[0].weight"] = edited
		}
		return r
	}
	for name, test := range map[string]struct {
		runs []*Run
		want [][]string
	}{
		"one":       {[]*Run{run("5", "")}, [][]string{nil}},
		"the same":  {[]*Run{run("5", ""), run("5", "")}, [][]string{nil, nil}},
		"variables": {[]*Run{run("5", ""), run("6", "")}, [][]string{{"steps=5"}, {"steps=6"}}},
		"an edit":   {[]*Run{run("5", ""), run("5", "2")}, [][]string{{"finetune.full.losses[0].weight=none"}, {"finetune.full.losses[0].weight=2"}}},
		"both": {[]*Run{run("5", "1"), run("6", "2"), run("6", "1")}, [][]string{
			{"steps=5", "finetune.full.losses[0].weight=1"},
			{"steps=6", "finetune.full.losses[0].weight=2"},
			{"steps=6", "finetune.full.losses[0].weight=1"},
		}},
	} {
		if diff := cmp.Diff(test.want, Differences(test.runs)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
