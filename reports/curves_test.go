package reports

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/reports/figure"
)

func losses(ys ...float64) lossCurve {
	var c lossCurve
	for i, y := range ys {
		c = append(c, figure.XY{X: float64(i), Y: y})
	}
	return c
}

// TestSmoothed, by hand: of 0, 3, 6, 0, 9 the means over the three within 2/2 steps of each are (0+3)/2 at
// the end, which has none on one side, then (0+3+6)/3, (3+6+0)/3, (6+0+9)/3, and (0+9)/2.
func TestSmoothed(t *testing.T) {
	if diff := cmp.Diff(losses(1.5, 3, 3, 5, 4.5), losses(0, 3, 6, 0, 9).smoothed(2)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(losses(0, 3, 6), losses(0, 3, 6).smoothed(0)); diff != "" {
		t.Error(diff)
	}
}

// TestExtremes: of each bin the least and the greatest, as they come.
func TestExtremes(t *testing.T) {
	got := losses(1, 5, 2, 0, 7, 7, 3, 4, 3).extremes(2)
	want := lossCurve{{X: 3, Y: 0}, {X: 4, Y: 7}, {X: 5, Y: 7}, {X: 6, Y: 3}} // of 1 5 2 0 7 and 7 3 4 3
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := losses(1, 2, 3).extremes(2); len(got) != 3 {
		t.Errorf("three of two bins: %v", got)
	}
}

// TestThinned: the first and the last are kept.
func TestThinned(t *testing.T) {
	if diff := cmp.Diff(lossCurve{{X: 0, Y: 1}, {X: 2, Y: 3}, {X: 4, Y: 5}}, losses(1, 2, 3, 4, 5).thinned(3)); diff != "" {
		t.Error(diff)
	}
}

// TestMeanOf: only steps that every seed has.
func TestMeanOf(t *testing.T) {
	if diff := cmp.Diff(losses(2, 4), meanOf([]lossCurve{losses(1, 3, 9), losses(3, 5)})); diff != "" {
		t.Error(diff)
	}
}
