package bundle

import (
	"testing"

	"github.com/plumb-ml/plumb/core/record"
)

// Numbers of the steps of a tuning, and of the changes of images, are told apart.
func TestNumbersOfStepsAndPerturbations(t *testing.T) {
	number := func(step, bin int, perturbation string, value float64) record.Metric {
		return record.Metric{Name: "x", Subject: "full", Step: step, Bin: bin, Perturbation: perturbation, Value: &value}
	}
	metrics := []record.Metric{number(0, 0, "", 1), number(100, 0, "", 2), number(0, 0, "blank", 3), number(0, 0, "noise", 4), number(0, 1, "", 5)}
	var v Verdict
	v.compare("", "watch/full/100", metrics, metrics)
	for _, n := range v.Numbers {
		if n.Agreement != Same {
			t.Errorf("%+v: %s", n.Metric, n.Difference)
		}
	}
}
