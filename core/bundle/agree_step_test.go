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
	v.compare("", "watch/full/100", metrics, metrics, sameTables)
	for _, n := range v.Numbers {
		if n.Agreement != Same {
			t.Errorf("%+v: %s", n.Metric, n.Difference)
		}
	}
}

// What rounding explains is the same: more of a number that says so, and of the p value of a
// difference what the difference's rounding does to it. A second run's numbers without an
// interval are shown and not judged.
func TestRounding(t *testing.T) {
	made := func(name string, value, low, high, rounding float64) record.Metric {
		m := record.Metric{Name: name, Subject: "full", Value: &value, Rounding: rounding}
		if low < high {
			m.Low, m.High = &low, &high
		}
		if name == "fid_difference_p" {
			m.Unit = record.P
		}
		return m
	}
	fid := made("fid", 3, 0, 0, 1e-6)
	difference, p := made("fid_difference", 0.5, 0.4, 0.6, 0), made("fid_difference_p", 0.2, 0, 0, 0)
	for _, test := range []struct {
		again record.Metric
		of    source
		want  Agreement
	}{
		{made("fid", 3+9e-7, 0, 0, 0), sameTables, Same},
		{made("fid", 3+2e-6, 0, 0, 0), sameTables, Beyond},
		{made("fid", 3.2, 0, 0, 0), secondRun, Unjudged},
		{made("fid_difference", 0.5+5e-10, 0.4, 0.6, 0), sameTables, Same},
		{made("fid_difference", 0.55, 0.4, 0.6, 0), secondRun, Within},
		{made("fid_difference", 0.65, 0.4, 0.6, 0), secondRun, Beyond},
		// 2 · 0.54 · 12.71 · 1e-9 / 0.1 = 1.37e-7
		{made("fid_difference_p", 0.2+1.3e-7, 0, 0, 0), sameTables, Same},
		{made("fid_difference_p", 0.2+1.5e-7, 0, 0, 0), sameTables, Beyond},
		{made("fid_difference_p", 0.3, 0, 0, 0), secondRun, Unjudged},
	} {
		var v Verdict
		v.compare("", "measure", []record.Metric{fid, difference, p}, []record.Metric{test.again}, test.of)
		for _, n := range v.Numbers {
			if n.Metric.Name == test.again.Name && n.Agreement != test.want {
				t.Errorf("%s %v is %s, want %s: %s", test.again.Name, *test.again.Value, n.Agreement, test.want, n.Difference)
			}
		}
	}
}
