package stage

import (
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// TestBusy: what keeps a stage from getting on is reported with how far it was, once
// per text, and goes away with the next word of progress.
func TestBusy(t *testing.T) {
	var got []Progress
	job := Job{Report: func(p Progress) { got = append(got, p) }}
	ctx := job.hearBusy(t.Context())
	job.Report(Progress{Done: 1, Total: 3, Unit: "steps", Values: map[string]float64{"loss": 1}})
	for _, text := range []string{"", "compiling, 2 s", "compiling, 2 s", "compiling, 4 s", ""} {
		client.Busy(ctx, text)
	}
	job.Report(Progress{Done: 2, Total: 3, Unit: "steps"})
	var texts []string
	for i, p := range got {
		texts = append(texts, p.Busy)
		if p.Total != 3 || p.Unit != "steps" || i > 0 && p.Values != nil {
			t.Errorf("report %d: %+v", i, p)
		}
	}
	if want := []string{"", "compiling, 2 s", "compiling, 4 s", "", ""}; !slices.Equal(texts, want) || got[1].Done != 1 || got[4].Done != 2 {
		t.Errorf("reports %q, want %q: %+v", texts, want, got)
	}
}
