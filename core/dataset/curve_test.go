package dataset

import "testing"

func TestLossTerm(t *testing.T) {
	for name, want := range map[string]struct {
		term string
		ok   bool
	}{
		"loss": {"", true}, "loss/pretraining": {"pretraining", true}, "loss/a/b": {"a/b", true},
		"learning_rate": {"learning_rate", false}, "loss_scale": {"loss_scale", false},
	} {
		if term, ok := (CurvePoint{Name: name}).LossTerm(); ok != want.ok || ok && term != want.term {
			t.Errorf("%s: %q, %v", name, term, ok)
		}
	}
}
