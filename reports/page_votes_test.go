package reports

import (
	"testing"

	"github.com/plumb-ml/plumb/reports/page"
)

func TestVotes(t *testing.T) {
	for votes, want := range map[imageVotes]string{{}: "", {skip: 4}: "", {good: 2, bad: 1}: page.Good, {good: 1, bad: 2}: page.Bad, {good: 2, bad: 2, skip: 5}: page.Even} {
		if got := votes.verdict(); got != want {
			t.Errorf("%+v: %q", votes, got)
		}
	}
}
