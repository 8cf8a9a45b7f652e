package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Wilson is the score interval of a share of independent trials. Unlike the
// bootstrap it has width at 0 and at 1.
//
// Wilson (1927), Probable Inference, the Law of Succession, and Statistical
// Inference:
//
//	( p + z²/2n ± z sqrt( p(1-p)/n + z²/4n² ) ) / ( 1 + z²/n )
func Wilson(successes, trials, level float64) (Interval, error) {
	if trials <= 0 {
		return Interval{}, ErrTooFew
	}
	z := distuv.UnitNormal.Quantile(0.5 + level/2)
	p := successes / trials
	centre := p + z*z/(2*trials)
	spread := z * math.Sqrt(p*(1-p)/trials+z*z/(4*trials*trials))
	scale := 1 + z*z/trials
	return Interval{
		Value: p,
		Low:   max(0, (centre-spread)/scale),
		High:  min(1, (centre+spread)/scale),
	}, nil
}
