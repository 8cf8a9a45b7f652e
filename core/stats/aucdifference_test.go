package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// twoScores draws prompts of four images in three strata, with two scores that tell
// good images with some distances.
func twoScores(random *rand.Rand, prompts int, distance [2]float64) (first, second []Scored, strata []int) {
	for cluster := range prompts {
		good := 1 / (1 + math.Exp(-random.NormFloat64()))
		for range 4 {
			seen := random.NormFloat64()
			score := [2]float64{0.7*seen + 0.7*random.NormFloat64(), 0.7*seen + 0.7*random.NormFloat64()}
			is := random.Float64() < good
			if is {
				score[0] += distance[0]
				score[1] += distance[1]
			}
			first = append(first, Scored{score[0], is, cluster})
			second = append(second, Scored{score[1], is, cluster})
		}
		strata = append(strata, 2*(cluster%3))
	}
	return first, second, strata
}

// The p value is where the interval just reaches 0, and the order of the two changes
// the sign alone.
func TestAUCDifferenceInverts(t *testing.T) {
	first, second, strata := twoScores(rand.New(rand.NewPCG(1, 2)), 40, [2]float64{2, 1})
	interval, p, err := AUCDifference(first, second, strata, Level)
	if err != nil || !(p > 0 && p < 0.05) || interval.Low <= 0 {
		t.Fatalf("%+v, p %v, %v", interval, p, err)
	}
	for _, c := range []struct {
		level float64
		holds bool
	}{{1 - 0.99*p, true}, {1 - 1.01*p, false}} {
		at, _, _ := AUCDifference(first, second, strata, c.level)
		if holds := at.Low <= 0; holds != c.holds {
			t.Errorf("p %v: at level %v the interval is [%v, %v]", p, c.level, at.Low, at.High)
		}
	}
	mirrored, q, _ := AUCDifference(second, first, strata, Level)
	if math.Abs(q-p) > 1e-12 || math.Abs(mirrored.Low+interval.High) > 1e-12 || math.Abs(mirrored.High+interval.Low) > 1e-12 {
		t.Errorf("exchanged: %+v, p %v; was %+v, p %v", mirrored, q, interval, p)
	}
	one, _ := AUCInterval(first, strata, Level)
	other, _ := AUCInterval(second, strata, Level)
	if apart := math.Hypot(one.Value-one.Low, other.High-other.Value); interval.Value-interval.Low >= apart {
		t.Errorf("%v below, no less than %v of unpaired scores", interval.Value-interval.Low, apart)
	}
}

func TestAUCDifferenceThatCannotBeHad(t *testing.T) {
	first, second, strata := twoScores(rand.New(rand.NewPCG(3, 4)), 12, [2]float64{1, 1})
	if _, p, err := AUCDifference(first, first, strata, Level); !errors.Is(err, ErrNoChange) || p != 1 {
		t.Errorf("the same scores: p %v, %v", p, err)
	}
	if _, _, err := AUCDifference(first[:16], second[:16], strata[:4], Level); !errors.Is(err, ErrTooFew) {
		t.Errorf("four clusters: %v", err)
	}
	for i := range first {
		first[i].Positive, second[i].Positive = i == 0, i == 0
	}
	if _, _, err := AUCDifference(first, second, strata, Level); !errors.Is(err, ErrFewOfAClass) {
		t.Errorf("one positive item: %v", err)
	}
}

// The interval covers, and the test keeps its level, also where both areas are near 1
// and few prompts show any difference. (By t of DeLong's variance alone 8 prompts at
// areas of 0.98 and 0.99 cover 0.88.)
func TestAUCDifferenceCovers(t *testing.T) {
	for _, c := range []struct {
		prompts  int
		distance [2]float64
	}{{9, [2]float64{3, 3.6}}, {15, [2]float64{3, 3}}, {30, [2]float64{1, 1}}, {30, [2]float64{2.4, 1}}, {90, [2]float64{3, 3.6}}} {
		large1, large2, _ := twoScores(rand.New(rand.NewPCG(5, 6)), 30000, c.distance)
		one, _ := AUC(large1)
		other, _ := AUC(large2)
		truth := one - other
		if c.distance[0] == c.distance[1] {
			truth = 0
		}
		const trials = 250
		covered, had, rejected := 0, 0, 0
		for trial := range trials {
			first, second, strata := twoScores(rand.New(rand.NewPCG(uint64(trial), uint64(c.prompts))), c.prompts, c.distance)
			interval, p, err := AUCDifference(first, second, strata, Level)
			if err != nil {
				continue
			}
			had++
			if interval.Low <= truth && truth <= interval.High {
				covered++
			}
			if p <= 0.05 {
				rejected++
			}
			if interval.Low >= interval.High || interval.Low > interval.Value || interval.High < interval.Value {
				t.Fatalf("%+v", interval)
			}
		}
		share := float64(covered) / float64(had)
		t.Logf("%d prompts, areas %.3f and %.3f: %d of %d have an interval, %.3f of them cover, %d reject", c.prompts, one, other, had, trials, share, rejected)
		if share < 0.92 || had < trials/2 || truth == 0 && float64(rejected) > 0.08*float64(had) {
			t.Errorf("%d prompts, areas %.3f and %.3f: %d of %d have an interval, %.3f of them cover, %d reject", c.prompts, one, other, had, trials, share, rejected)
		}
	}
}
