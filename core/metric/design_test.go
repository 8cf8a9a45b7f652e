package metric

import (
	"math"
	"reflect"
	"testing"
)

func TestDesign(t *testing.T) {
	d := Design{
		Prompts:   []Stratum{{"color", "seen", 80}, {"color", "unseen", 5}, {"count", "seen", 10}, {"count", "unseen", 5}},
		PerPrompt: 4,
	}
	// 2 * 0.25 / 400 * 1.9 = 0.002375; t[0.975, 96] = 1.9850, t[0.8, 96] = 0.8454.
	if points, ok := d.GoodShareDifference(); !ok || math.Abs(points-100*(1.98498+0.84538)*math.Sqrt(0.002375)) > 0.01 {
		t.Errorf("%v points, %v", points, ok)
	}
	if _, ok := d.OverSeeds(2); ok {
		t.Error("two seeds find something")
	}
	want := []Part{{"color", "unseen", 5}, {"count", "unseen", 5}}
	if got := d.WithoutInterval(); !reflect.DeepEqual(got, want) {
		t.Errorf("without an interval: %v, want %v", got, want)
	}
	few := Design{Prompts: []Stratum{{"color", "seen", 5}}, PerPrompt: 100}
	if _, ok := few.GoodShareDifference(); ok {
		t.Error("five prompts find something")
	}
	if got := few.WithoutInterval(); !reflect.DeepEqual(got, []Part{{Prompts: 5}}) {
		t.Errorf("five prompts: %v", got)
	}
}
