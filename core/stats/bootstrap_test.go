package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// half is half of an interval's width.
func half(i Interval) float64 { return (i.High - i.Low) / 2 }

// holds reports whether x lies in an interval, bounds included.
func holds(i Interval, x float64) bool { return i.Low <= x && x <= i.High }

func TestBootstrapIsDeterministic(t *testing.T) {
	clusters := []Cluster{{1, 4}, {3, 4}, {2, 4}, {4, 4}, {0, 4}}
	first, err := Bootstrap{Seed: 3}.Mean(clusters)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := (Bootstrap{Seed: 3}).Mean(clusters); again != first {
		t.Errorf("same seed: %v and %v", first, again)
	}
	if first.Value != 0.5 || !holds(first, 0.5) || first.Low >= first.High {
		t.Errorf("interval %v", first)
	}
}

func TestBootstrapOfAlikeClustersHasNoWidth(t *testing.T) {
	got, err := Bootstrap{}.Mean([]Cluster{{2, 4}, {2, 4}, {2, 4}})
	if err != nil || got != (Interval{0.5, 0.5, 0.5}) {
		t.Errorf("got %v (%v)", got, err)
	}
}

func TestBootstrapRefuses(t *testing.T) {
	if _, err := (Bootstrap{}).Mean([]Cluster{{1, 1}}); !errors.Is(err, ErrTooFew) {
		t.Errorf("one cluster: %v", err)
	}
	nan := func([]float64) float64 { return math.NaN() }
	if _, err := (Bootstrap{}).Statistic(5, nan); !errors.Is(err, ErrUnstable) {
		t.Errorf("an undefined statistic: %v", err)
	}
	// Defined only while cluster 0 is drawn: missing in about e^-1 of the resamples.
	rare := func(w []float64) float64 { return 0 / w[0] }
	if _, err := (Bootstrap{}).Statistic(50, rare); !errors.Is(err, ErrUnstable) {
		t.Errorf("a statistic that is often undefined: %v", err)
	}
}

func TestPairedDifferenceIsNarrowerThanUnpairedOnes(t *testing.T) {
	// Both sides vary a lot, and together.
	random := rand.New(rand.NewPCG(1, 1))
	var a, b []Cluster
	for range 40 {
		level := random.Float64() * 10
		a = append(a, Cluster{level + 1 + 0.1*random.NormFloat64(), 1})
		b = append(b, Cluster{level, 1})
	}
	difference, err := Bootstrap{}.Difference(a, b)
	if err != nil {
		t.Fatal(err)
	}
	alone, _ := Bootstrap{}.Mean(a)
	if half(difference) > half(alone)/5 {
		t.Errorf("half width %.3f of the difference, %.3f of one side", half(difference), half(alone))
	}
	if !holds(difference, 1) {
		t.Errorf("interval %v does not hold the true difference 1", difference)
	}
}

// TestCoverage simulates what the reports measure: images in clusters that
// resemble each other. About 95 % of the intervals must hold the truth; an
// interval that took images as independent would hold it far less often.
func TestCoverage(t *testing.T) {
	const trials, perPrompt = 300, 4
	for _, prompts := range []int{8, 30} {
		random := rand.New(rand.NewPCG(11, uint64(prompts)))
		var clustered, naive int
		for trial := range trials {
			clusters := make([]Cluster, prompts)
			var items []Cluster
			for i := range clusters {
				ease := random.Float64() // the prompt's own share of good images; mean 0.5
				for range perPrompt {
					good := 0.0
					if random.Float64() < ease {
						good = 1
					}
					clusters[i].Sum += good
					clusters[i].N++
					items = append(items, Cluster{good, 1})
				}
			}
			if interval, err := (Bootstrap{Resamples: 400, Seed: uint64(trial)}).Mean(clusters); err == nil && holds(interval, 0.5) {
				clustered++
			}
			if interval, err := (Bootstrap{Resamples: 400, Seed: uint64(trial)}).Mean(items); err == nil && holds(interval, 0.5) {
				naive++
			}
		}
		coverage, naiveCoverage := float64(clustered)/trials, float64(naive)/trials
		t.Logf("%d prompts: coverage %.3f; as if images were independent %.3f", prompts, coverage, naiveCoverage)
		if coverage < 0.92 || coverage > 0.985 {
			t.Errorf("%d prompts: coverage %.3f, want about 0.95", prompts, coverage)
		}
		if naiveCoverage > coverage-0.03 {
			t.Errorf("%d prompts: clustering made no difference: %.3f and %.3f", prompts, naiveCoverage, coverage)
		}
	}
}

func TestBootstrapHoldsItsEstimate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clusters := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Cluster {
			return Cluster{Sum: rapid.Float64Range(-5, 5).Draw(t, "sum"), N: float64(rapid.IntRange(1, 9).Draw(t, "n"))}
		}), 4, 12).Draw(t, "clusters")
		got, err := Bootstrap{Resamples: 200}.Mean(clusters)
		if err != nil {
			t.Fatal(err)
		}
		if !(got.Low <= got.Value+1e-9 && got.Value <= got.High+1e-9) {
			t.Fatalf("interval %v", got)
		}
		shifted := make([]Cluster, len(clusters))
		for i, c := range clusters {
			shifted[i] = Cluster{c.Sum + 2*c.N, c.N}
		}
		moved, _ := Bootstrap{Resamples: 200}.Mean(shifted)
		if math.Abs(moved.Low-got.Low-2) > 1e-9 || math.Abs(moved.High-got.High-2) > 1e-9 {
			t.Fatalf("adding 2 to every item moves %v to %v", got, moved)
		}
	})
}
