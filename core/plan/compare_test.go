package plan

import (
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
)

// The numbers were worked out by Python's hashlib.
func TestPairPriority(t *testing.T) {
	for _, one := range []struct {
		other    string
		priority uint64
		swapped  bool
	}{{"color/0000/001", 0x6c2f8df5fdccc104, false}, {"color/0000/002", 0xa98a359da69ab9da, true}} {
		for _, ids := range [][2]string{{"color/0000/000", one.other}, {one.other, "color/0000/000"}} {
			if priority, swapped := PairPriority(1, ids[0], ids[1]); priority != one.priority || swapped != one.swapped {
				t.Errorf("%v: %#x, %v", ids, priority, swapped)
			}
		}
	}
}

// Comparisons of each source: what they read, who computes them, and what changes
// their key.
func TestPlanOfComparisons(t *testing.T) {
	const path = "/home/someone/pairs.csv"
	compared := func(perPrompt int, digest string) *spec.Spec {
		s := experiment(1)
		s.Digests[path] = digest
		s.Missing = map[string]diag.Diagnostic{path: {Severity: diag.Warning, Summary: "Missing file or directory"}}
		labelled, human, crowd := s.Images[0], s.Labels[0], s.Raters[0]
		s.Comparisons = []*spec.Comparisons{
			{Name: "crowd", Images: labelled, Rater: crowd, PerPrompt: perPrompt},
			{Name: "people", Images: labelled, Path: path, PerPrompt: 10},
			{Name: "from_labels", Images: labelled, Labels: human, PerPrompt: perPrompt},
		}
		return s
	}
	p := build(t, Source{Spec: compared(4, "1"), Seed: 1})
	for name, want := range map[string][]string{
		"compare/crowd":       {"images = images of sample/labelled"},
		"compare/people":      {"images = images of sample/labelled"},
		"compare/from_labels": {"labels = labels of rate/human"},
	} {
		if got := inputs(node(t, p, name)); !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", name, got, want)
		}
	}
	crowd, people, fromLabels := node(t, p, "compare/crowd"), node(t, p, "compare/people"), node(t, p, "compare/from_labels")
	if crowd.Instance == nil || crowd.Instance.Seed == 0 || crowd.Instance.Seed == crowd.Seed || people.Instance != nil || people.Seed != 0 || fromLabels.Instance != nil || fromLabels.Seed == 0 {
		t.Errorf("instances and seeds: %+v, %+v, %+v", crowd, people, fromLabels)
	}
	// One prompt with six images has 15 pairs.
	if n, unit := crowd.Items(); n != 4 || unit != "pairs" {
		t.Errorf("%d %s", n, unit)
	}
	all := build(t, Source{Spec: compared(99, "2"), Seed: 1})
	if n, _ := node(t, all, "compare/crowd").Items(); n != 15 {
		t.Errorf("%d pairs, want all 15", n)
	}
	if len(people.Missing) != 1 || len(crowd.Missing) != 0 {
		t.Errorf("missing %v and %v", people.Missing, crowd.Missing)
	}
	for _, name := range []string{"compare/crowd", "compare/people", "compare/from_labels"} {
		if node(t, p, name).identity == node(t, all, name).identity {
			t.Errorf("%s has the same key with other settings", name)
		}
	}
}
