package stats

// fewestForChance is the fewest clusters that say what chance would give.
const fewestForChance = 12

// Disagreement is the interval of 1 - q/e for a statistic that compares the share q
// that is observed with the share e that chance would give, such as Krippendorff's
// alpha. influences are how much each cluster moves value, the statistic.
//
// The variance v of value makes e² v that of q; q is read as a share of n*
// independent trials, as in Share, of at least as many as there are clusters, and its
// bounds are those of the statistic. So the interval is skewed as shares are, and has
// width where q is 0.
//
// What chance would give is estimated, too, and with few clusters too low: fewer than
// fewestForChance are ErrChance.
func Disagreement(value, chance float64, influences []float64, strata []int, level float64) (Interval, error) {
	v, degrees, err := Variance(influences, strata)
	if err != nil {
		return Interval{}, err
	}
	if len(influences) < fewestForChance {
		return Interval{}, ErrChance
	}
	observed := min(1, max(0, (1-value)*chance))
	interval, err := shareOf(observed, v*chance*chance, degrees, float64(len(influences)), 0, level)
	if err != nil {
		return Interval{}, err
	}
	return Interval{Value: value, Low: 1 - interval.High/chance, High: 1 - interval.Low/chance}, nil
}
