package quality

// EffectiveRaters is how many raters with equally many answers would weigh as the given
// ones do: (sum n)² / sum n² of their numbers of answers (Kish 1965, Survey Sampling,
// section 11.7). 0 without answers.
func EffectiveRaters(answers []int) float64 {
	var sum, squares float64
	for _, n := range answers {
		sum += float64(n)
		squares += float64(n) * float64(n)
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / squares
}

// Without is the mean over items of the share of answers that are of a category, from all
// raters, and from all but each of them: how far one rater moves it. An item that the
// others did not answer is left out of theirs; false where they answered none.
func Without(v Votes, category int) (all float64, without []float64, known []bool) {
	counts := v.counts()
	mean := func(minus map[int]int) (float64, bool) {
		var sum float64
		items := 0
		for item, count := range counts {
			var of, is float64
			for k, n := range count {
				of += n
				if k == category {
					is = n
				}
			}
			if own, answered := minus[item]; answered {
				of--
				if own == category {
					is--
				}
			}
			if of > 0 {
				sum += is / of
				items++
			}
		}
		if items == 0 {
			return 0, false
		}
		return sum / float64(items), true
	}
	all, _ = mean(nil)
	without, known = make([]float64, v.Raters), make([]bool, v.Raters)
	for r := range v.Raters {
		without[r], known[r] = mean(v.of(r))
	}
	return all, without, known
}
