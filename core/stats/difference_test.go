package stats

import (
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The bounds are roots that scipy 1.17's brentq finds of Tango's statistic - z and + z.
func TestTangoAgainstSciPy(t *testing.T) {
	z := distuv.UnitNormal.Quantile(0.975)
	for _, c := range []struct{ b, c, n, low, high float64 }{
		{7, 1, 30, 0.018788397681508456, 0.38636132787270744},
		{3, 0, 30, -0.024864732491415124, 0.25621082579145665},
		{12.5, 4.25, 61.3, 0.0040730245555689005, 0.26773097110399785},
	} {
		low, high := -tangoHigh(c.c, c.b, c.n, z), tangoHigh(c.b, c.c, c.n, z)
		if math.Abs(low-c.low) > 1e-9 || math.Abs(high-c.high) > 1e-9 {
			t.Errorf("%v and %v of %v: got [%v, %v], want [%v, %v]", c.b, c.c, c.n, low, high, c.low, c.high)
		}
	}
}

func TestDifferenceOfOutcomes(t *testing.T) {
	outcomes := func(wins, losses, n int) (first, second []Cluster) {
		for i := range n {
			a, b := Cluster{N: 1}, Cluster{N: 1}
			if i < wins {
				a.Sum = 1
			} else if i < wins+losses {
				b.Sum = 1
			}
			first, second = append(first, a), append(second, b)
		}
		return first, second
	}
	if _, err := differenceOf(outcomes(0, 0, 30)); !errors.Is(err, ErrNoChange) {
		t.Errorf("no cluster changed: %v", err)
	}
	if _, err := differenceOf(outcomes(2, 1, 5)); !errors.Is(err, ErrTooFew) {
		t.Errorf("five clusters: %v", err)
	}
	// All won: what is to be seen of the variance is nothing, not that there is none.
	all, err := differenceOf(outcomes(8, 0, 8))
	if err != nil || all.Value != 1 || all.High != 1 || all.Low > 0.5 || all.Low < 0.3 {
		t.Errorf("eight wins: %v (%v)", all, err)
	}
	some, err := differenceOf(outcomes(7, 1, 30))
	mirrored, _ := differenceOf(outcomes(1, 7, 30))
	if err != nil || !near(some, -mirrored.High, -mirrored.Low, 1e-12) || math.Abs(some.Value-0.2) > 1e-15 {
		t.Errorf("turned round: %v and %v (%v)", some, mirrored, err)
	}
}

func differenceOf(first, second []Cluster) (Interval, error) { return Difference(first, second, Level) }

// Images that vary a lot, and together.
func TestPairedDifferenceIsNarrowerThanUnpairedOnes(t *testing.T) {
	var a, b []Cluster
	for i := range 40 {
		level := float64(i*i%37) / 3
		a = append(a, Cluster{Sum: level + 1 + 0.1*float64(i%5), N: 1})
		b = append(b, Cluster{Sum: level, N: 1})
	}
	difference, err := MeanDifference(a, b, Level)
	alone, _ := Mean(a, Level)
	if err != nil || difference.High-difference.Low > (alone.High-alone.Low)/5 || !holds(difference, 1.2) {
		t.Errorf("difference %v, one side %v (%v)", difference, alone, err)
	}
}
