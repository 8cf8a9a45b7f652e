package stats

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// eight is two strata of four prompts with four images each.
func eight() []Cluster {
	clusters := make([]Cluster, 8)
	for i, sum := range []float64{4, 3, 2, 4, 1, 0, 2, 1} {
		clusters[i] = Cluster{Sum: sum, N: 4, Stratum: i / 4}
	}
	return clusters
}

// By numpy and scipy 1.17: v = 0.0061848958, n* = p(1-p)/v (norm.ppf(.975)/t.ppf(.975, 6))²
// = 25.8325552836, and the roots as in TestBinomialAgainstSciPy.
func TestShareAgainstSciPy(t *testing.T) {
	got, err := Share(eight(), 0.95)
	if err != nil || got.Value != 17.0/32 || !near(got, 0.3344225531474833, 0.7210868965880672, 1e-8) {
		t.Errorf("got %v (%v)", got, err)
	}
	if got, err = Mean(eight(), 0.95); err != nil || !near(got, 0.3388147983974328, 0.7236852016025672, 1e-9) {
		t.Errorf("mean: got %v (%v)", got, err)
	}
}

func TestShareOfAlikeClusters(t *testing.T) {
	for _, sum := range []float64{0, 2, 4} {
		clusters := make([]Cluster, 10)
		for i := range clusters {
			clusters[i] = Cluster{Sum: sum, N: 4}
		}
		got, err := Share(clusters, 0.95)
		want, _ := Binomial(10*sum/4, 10, 0.95)
		if err != nil || got != want {
			t.Errorf("%v of 4 in ten clusters: got %v, want %v (%v)", sum, got, want, err)
		}
		if _, err := Mean(clusters, 0.95); !errors.Is(err, ErrNoSpread) {
			t.Errorf("mean of alike clusters: %v", err)
		}
	}
	if _, err := Share(eight()[:5], 0.95); !errors.Is(err, ErrTooFew) {
		t.Errorf("five clusters: %v", err)
	}
}

func TestIntervalsHoldTheirValueAndStayInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(6, 14).Draw(t, "clusters")
		first, second := make([]Cluster, n), make([]Cluster, n)
		for i := range first {
			images := rapid.IntRange(1, 4).Draw(t, "images")
			stratum := rapid.IntRange(0, 3).Draw(t, "stratum")
			first[i] = Cluster{float64(rapid.IntRange(0, images).Draw(t, "a")), float64(images), stratum}
			second[i] = Cluster{float64(rapid.IntRange(0, images).Draw(t, "b")), float64(images), stratum}
		}
		for name, result := range map[string]struct {
			interval func() (Interval, error)
			low      float64
		}{
			"share":      {func() (Interval, error) { return Share(first, Level) }, 0},
			"difference": {func() (Interval, error) { return Difference(first, second, Level) }, -1},
		} {
			got, err := result.interval()
			if errors.Is(err, ErrNoChange) {
				continue
			}
			if err != nil || !holds(got, got.Value) || !(got.Low < got.High) || got.Low < result.low || got.High > 1 || math.IsNaN(got.Low+got.High) {
				t.Fatalf("%s: %v (%v)", name, got, err)
			}
		}
	})
}
