package stats

import "math"

// Jackknife frees a statistic of its bias and says how far the result may be off.
// The statistic is a smooth one of many units that are drawn at random, such as
// the Fréchet distance between two sets of images of the same prompts; a bootstrap
// would bias it, since a unit that is drawn twice makes a covariance narrower. The
// units are dealt out to G groups of about equal size: whole is the statistic of
// all, one[g] without group g, two[g][h] without the groups g and h.
//
//  1. The bias, of the order of 1/n (Quenouille 1956, Notes on Bias in Estimation):
//
//     value = G whole - (G-1) mean of one
//
//  2. The same without each group, which needs the pairs:
//
//     value_g = (G-1) one_g - (G-2) mean over h ≠ g of two_gh
//
//  3. The variance of value (Tukey 1958; Kott 2001, equation 2, for groups):
//
//     v = (G-1)/G sum over g of ( value_g - mean of value_g )²
//
//  4. What two groups do together, beyond what each does, stands in v twice (Efron
//     and Stein 1981, The Jackknife Estimate of Variance, section 4). Where a
//     distance is near zero there is little else. With
//     q_gh = G whole - (G-1) (one_g + one_h) + (G-2) two_gh, which is the same for all
//     pairs if the statistic is a mean:
//
//     error² = v - 1/(G (G-1)) sum over g < h of ( q_gh - mean of q )²
//
//     but at least v/2, which is what is left if there is nothing else.
//
// v has G-1 degrees of freedom; what is subtracted leaves its noise, so that error²
// has (G-1) (error²/v)² of them (Satterthwaite 1946). Fewer than four groups are
// ErrTooFew; a statistic that no group moves is ErrNoSpread.
func Jackknife(whole float64, one []float64, two [][]float64) (Estimate, error) {
	n := len(one)
	if n < 4 {
		return Estimate{}, ErrTooFew
	}
	groups := float64(n)
	free := make([]float64, n)
	var pairs []float64
	for g := range one {
		var others float64
		for h := range one {
			if h != g {
				others += two[g][h] / (groups - 1)
			}
			if h > g {
				pairs = append(pairs, groups*whole-(groups-1)*(one[g]+one[h])+(groups-2)*two[g][h])
			}
		}
		free[g] = (groups-1)*one[g] - (groups-2)*others
	}
	v := (groups - 1) / groups * squares(free)
	twice := squares(pairs) / (groups * (groups - 1))
	squared := max(v-twice, v/2)
	e := Estimate{Value: groups*whole - (groups-1)*mean(one), Error: math.Sqrt(squared)}
	if e.Error <= 1e-12*math.Abs(whole) {
		return Estimate{}, ErrNoSpread
	}
	e.Degrees = (groups - 1) * (squared / v) * (squared / v)
	return e, nil
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// squares is the sum of the squared distances from the mean.
func squares(values []float64) float64 {
	middle := mean(values)
	var sum float64
	for _, v := range values {
		sum += (v - middle) * (v - middle)
	}
	return sum
}
