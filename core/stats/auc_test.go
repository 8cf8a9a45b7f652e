package stats

import (
	"errors"
	"math"
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

func TestAUCInterval(t *testing.T) {
	var items []Scored
	for cluster := range 20 {
		for i := range 4 {
			score := float64((cluster*7+i*5)%11) / 11
			items = append(items, Scored{score, score+float64(i)*0.1 > 0.6, cluster})
		}
	}
	interval, err := Bootstrap{}.AUC(items)
	if err != nil {
		t.Fatal(err)
	}
	area, _ := AUC(items)
	if interval.Value != area || !holds(interval, area) || interval.High > 1 || interval.Low >= interval.High {
		t.Errorf("interval %v of area %v", interval, area)
	}
	if _, err := (Bootstrap{}).AUC([]Scored{{1, false, 0}, {0, false, 1}}); !errors.Is(err, ErrOneClass) {
		t.Errorf("only bad items: %v", err)
	}
}
