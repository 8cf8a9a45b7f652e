package reports

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a verdict says in sentences is what its rows concluded.
func TestVerdictOf(t *testing.T) {
	verdict := VerdictOf(syntheticExperiment(t).input())
	var got []string
	for _, one := range verdict.Concluded {
		got = append(got, fmt.Sprintf("%s of %s: %s", one.Quantity, one.Model, one.Conclusion))
		if !strings.Contains(verdict.Text, one.Model+" is "+string(one.Conclusion)) {
			t.Errorf("%s is %s in the tables, and the verdict is %q", one.Model, one.Conclusion, verdict.Text)
		}
	}
	if diff := cmp.Diff([]string{
		"the raters' votes of labelled: not distinguishable", "the raters' votes of full: better",
		"FID of labelled: not distinguishable", "FID of full: not distinguishable",
		"pairs of with_aux: not distinguishable",
	}, got); diff != "" {
		t.Errorf("conclusions (-want +got):\n%s", diff)
	}
	for _, one := range VerdictOf(syntheticAblation(t).input()).Concluded {
		if len(one.Values) == 0 || one.Quantity == "" {
			t.Errorf("of an ablation: %+v", one)
		}
	}
}
