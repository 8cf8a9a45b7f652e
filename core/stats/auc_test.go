package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestAUCByHand(t *testing.T) {
	// Pairs: (3,1) right, (3,2) right, (2,1) right, (2,2) a tie: 3.5 of 4.
	items := []Scored{{3, true, 0}, {2, true, 1}, {1, false, 0}, {2, false, 1}}
	if got, err := AUC(items); err != nil || got != 3.5/4 {
		t.Errorf("got %v, want 0.875 (%v)", got, err)
	}
	if _, err := AUC([]Scored{{1, true, 0}, {2, true, 0}}); !errors.Is(err, ErrOneClass) {
		t.Errorf("only good items: %v", err)
	}
}

func TestAUCIsAMeanOverPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Scored {
			return Scored{float64(rapid.IntRange(0, 5).Draw(t, "score")), rapid.Bool().Draw(t, "positive"), 0}
		}), 2, 30).Draw(t, "items")
		var sum, pairs float64
		for _, p := range items {
			for _, n := range items {
				if p.Positive && !n.Positive {
					pairs++
					if p.Score > n.Score {
						sum++
					} else if p.Score == n.Score {
						sum += 0.5
					}
				}
			}
		}
		got, err := AUC(items)
		if pairs == 0 {
			if !errors.Is(err, ErrOneClass) {
				t.Fatalf("one class: %v, %v", got, err)
			}
			return
		}
		if err != nil || math.Abs(got-sum/pairs) > 1e-12 {
			t.Fatalf("got %v, want %v (%v)", got, sum/pairs, err)
		}
	})
}

// scoredItems is clusters of four items, half of them positive.
func scoredItems(clusters int, seed uint64, lead float64) (items []Scored, strata []int) {
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range clusters {
		for j := range 4 {
			item := Scored{Score: random.NormFloat64(), Positive: j < 2, Cluster: i}
			if item.Positive {
				item.Score += lead
			}
			items = append(items, item)
		}
		strata = append(strata, i%2)
	}
	return items, strata
}

// With every item a cluster of its own the variance is that of DeLong et al. (1988),
// S10/m + S01/n, but for the divisors: placements 1, 5/8, 3/4 for the positives 5, 2.5, 3
// over the negatives 1, 2, 4, and so on, by hand.
func TestPlacementsAreDeLongs(t *testing.T) {
	items := []Scored{{5, true, 0}, {2, true, 1}, {3, true, 2}, {1, false, 3}, {2, false, 4}, {4, false, 5}, {0, false, 6}}
	// Positives: 5 over all four, 2 over 1 and 0 and tied with 2, 3 over 1, 2 and 0.
	// Negatives: 1 and 0 under all three, 2 under two and tied with one, 4 under one.
	area := (1 + 2.5/4 + 3.0/4) / 3
	want := []float64{(1 - area) / 3, (2.5/4 - area) / 3, (3.0/4 - area) / 3, (1 - area) / 4, (2.5/3 - area) / 4, (1.0/3 - area) / 4, (1 - area) / 4}
	got, err := placements(items)
	if err != nil || math.Abs(got.area-area) > 1e-15 {
		t.Fatalf("area %v, want %v (%v)", got.area, area, err)
	}
	influences := got.influences(items, len(items))
	for i, v := range want {
		if math.Abs(influences[i]-v) > 1e-15 {
			t.Errorf("item %d moves the area by %v, want %v", i, influences[i], v)
		}
	}
}

func TestAUCInterval(t *testing.T) {
	items, strata := scoredItems(20, 3, 1)
	got, err := AUCInterval(items, strata, Level)
	area, _ := AUC(items)
	if err != nil || got.Value != area || !holds(got, area) || got.High > 1 || got.Low >= got.High {
		t.Errorf("interval %v of area %v (%v)", got, area, err)
	}
	// All right: there is width all the same.
	for i := range items {
		if items[i].Positive {
			items[i].Score += 100
		}
	}
	if got, err = AUCInterval(items, strata, Level); err != nil || got.Value != 1 || got.High != 1 || got.Low > 0.9 {
		t.Errorf("area 1: %v (%v)", got, err)
	}
	for i := range items {
		items[i].Positive = i < 10 // of three clusters
	}
	if _, err := AUCInterval(items, strata, Level); !errors.Is(err, ErrFewOfAClass) {
		t.Errorf("three clusters have a positive item: %v", err)
	}
	if _, err := AUCInterval([]Scored{{1, false, 0}, {0, false, 1}}, []int{0, 0}, Level); !errors.Is(err, ErrOneClass) {
		t.Errorf("only negative items: %v", err)
	}
}
