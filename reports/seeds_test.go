package reports

import (
	"testing"

	"github.com/plumb-ml/plumb/core/record"
)

// TestVariantsOfSeedsAlone: variants that differ in their seed alone are one row,
// whatever they are called; those with values are a row for each.
func TestVariantsOfSeedsAlone(t *testing.T) {
	run := &record.Run{Variants: []record.Variant{
		{ID: "a", Name: "seed=1", Seed: 1}, {ID: "b", Name: "seed=2", Seed: 2}, {ID: "c", Name: "seed=3", Seed: 3},
	}}
	if groups := groupsOf(run, variantsOf(Input{Run: run})); len(groups) != 1 || len(groups[0].seeds) != 3 || groups[0].label != "" {
		t.Errorf("three seeds are %d rows: %+v", len(groups), groups)
	}
	for name, got := range map[string]string{"full": labelled("full", ""), "full (beta=1)": labelled("full", "beta=1")} {
		if got != name {
			t.Errorf("%q, want %q", got, name)
		}
	}
	c := across{groups: groupsOf(run, variantsOf(Input{Run: run}))}
	if columns := c.variableColumns(); len(columns) != 0 {
		t.Errorf("one row has columns for what it differs in: %+v", columns)
	}
	for i := range run.Variants {
		run.Variants[i].Values = map[string]any{"beta": float64(i / 2)}
	}
	if groups := groupsOf(run, variantsOf(Input{Run: run})); len(groups) != 2 || groups[0].label != "beta=0" || len(groups[0].seeds) != 2 {
		t.Errorf("two values are %d rows: %+v", len(groups), groups)
	}
}
