package stats

import (
	"errors"
	"testing"
)

func TestDisagreement(t *testing.T) {
	influences, strata := make([]float64, 20), make([]int, 20)
	// No disagreement was seen: as of none in twenty trials.
	got, err := Disagreement(1, 0.5, influences, strata, Level)
	none, _ := Binomial(0, 20, Level)
	if err != nil || got.High != 1 || got.Low != 1-none.High/0.5 {
		t.Errorf("got %v (%v)", got, err)
	}
	for i := range influences {
		influences[i] = 0.01 * float64(i%5-2)
	}
	if _, err := Disagreement(1, 0.5, influences[:8], strata[:8], Level); !errors.Is(err, ErrChance) {
		t.Errorf("eight clusters: %v", err)
	}
	got, err = Disagreement(0.6, 0.5, influences, strata, Level)
	if err != nil || !holds(got, 0.6) || got.High-got.Low > 0.4 || got.High > 1 {
		t.Errorf("got %v (%v)", got, err)
	}
}
