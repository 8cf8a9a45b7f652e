package stage

import (
	"testing"

	"github.com/plumb-ml/plumb/core/people"
)

func TestLacking(t *testing.T) {
	for want, progress := range map[string]people.Progress{
		"207 of 400 images wait for 1 more judgement each":      {Items: 400, Complete: 193, Missing: 207},
		"4 of 4 images wait for 3 more judgements each":         {Items: 4, Missing: 12},
		"4 of 9 images wait for 7 more judgements in all":       {Items: 9, Complete: 5, Missing: 7},
		"1 of 9 images waits for 1 more judgement":              {Items: 9, Complete: 8, Missing: 1},
		"1 of 9 images waits for 5 more judgements":             {Items: 9, Complete: 8, Missing: 5},
		"2 of 2 images wait for 1 more judgement each":          {Items: 2, Missing: 2},
		"100 of 100 images wait for 150 more judgements in all": {Items: 100, Missing: 150},
	} {
		if got := lacking(progress, "images"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
