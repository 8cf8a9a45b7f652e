package metric

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

const (
	// preferenceProtocol is how two models' images are compared, in words.
	preferenceProtocol = "image beside image of one prompt and seed; better, tie and worse by two thirds of the raters who do not skip, else tie; preferred: their choices, a tie as half, each pair counted once; a pair that all skip is left out"
	// preferenceIntervals is how the interval of a mean preference is made, in words.
	preferenceIntervals = "95 %, half of the score interval of paired shares (Tango) of choices for less choices against, of the effective number of prompts by their spread within category and split"
)

// PreferenceInput is what raters say of a model's images beside another's.
type PreferenceInput struct {
	Model, Versus string
	Choices       []table.Preference // of every pair, by every rater
	Rater         string
	Seed          uint64 // of random sign flips
}

// Preference measures which of two models' images raters find better, of the same
// prompts and seeds, for each aspect that they were asked about: overall, by split, by
// category, and by both.
//
//	preference_better_share, preference_tie_share, preference_worse_share
//	                             shares of the pairs, as two thirds of the raters decide
//	preference                   the raters' mean choice, with ties as halves: 1/2 if the
//	                             models are alike, with
//	preference_p                 its sign-flip p value over prompts and
//	preference_detectable        how far from 1/2 the true one has to be, in points, for
//	                             this many prompts to find it in 4 of 5 trials
//	preference_skip_share        of what raters were asked
//	preference_identical_share   pairs of equal images, ties that nobody was asked about
//	preference_agreement_alpha, preference_agreement_share
//	                             of raters on what is better, tie or worse: see Agreement
//
// The shares are as in Lee et al. 2023, section 5.1, where nine raters saw the two
// models' images. A pair that a rater chooses in twice, or with a choice other than
// better, worse, tie and skip, is an error.
func Preference(in PreferenceInput) ([]record.Metric, []dataset.PromptValue, error) {
	aspects, err := byPair(in.Choices)
	if err != nil {
		return nil, nil, fmt.Errorf("choices between %s and %s: %w", in.Model, in.Versus, err)
	}
	var metrics []record.Metric
	var values []dataset.PromptValue
	for _, a := range aspects {
		m := record.Metric{Subject: in.Model, Versus: in.Versus, Rater: in.Rater, Aspect: a.aspect, Protocol: map[string]string{
			"rater": in.Rater, "raters": fmt.Sprint(a.raters), "aspect": a.aspect, "comparison": preferenceProtocol,
		}}
		e := newEstimator(in.Seed, promptKeysOf(a.prompts, preferredKey))
		for _, s := range scopes(promptKeysOf(a.prompts, preferredKey)) {
			metrics = append(metrics, preferenceWithin(within(a.prompts, s, preferredKey), at(m, s), e)...)
		}
		var answers []spoken
		for _, prompt := range a.prompts {
			answers = append(answers, prompt.spoken())
			if c := prompt.net(); c.N > 0 {
				value := promptValue(m, PreferenceMean+"/"+a.aspect, prompt.promptKey, 0.5+c.Sum/c.N/2, int(c.N))
				values = append(values, value)
			}
		}
		agreed, agreedValues := agreement(answers, m, agreementNames{PreferenceAgreementAlpha, PreferenceAgreementShare, "no pair has two choices", "all choices are the same"})
		for i := range agreedValues {
			agreedValues[i].Metric += "/" + a.aspect
		}
		metrics, values = append(metrics, agreed...), append(values, agreedValues...)
	}
	return metrics, values, nil
}

func preferenceWithin(prompts []preferred, m record.Metric, e estimator) []record.Metric {
	var outcomes [3][]stats.Cluster // better, tie, worse
	var for_, against, nets, skips, identical []stats.Cluster
	var leads []float64
	pairs := 0
	for _, p := range prompts {
		in := func(c stats.Cluster) stats.Cluster { return e.in(p.promptKey, c) }
		skips = append(skips, in(p.skipped()))
		identical = append(identical, in(p.identical()))
		net := p.net()
		if net.N == 0 {
			continue
		}
		pairs += int(net.N)
		better, worse := p.choices()
		for_, against = append(for_, in(better)), append(against, in(worse))
		nets = append(nets, in(net))
		leads = append(leads, net.Sum/net.N)
		for i, c := range p.decided() {
			outcomes[i] = append(outcomes[i], in(c))
		}
	}
	named := func(name string) record.Metric {
		named := as(m, name)
		named.N, named.Clusters = pairs, len(nets)
		return named
	}
	finds := detectable(named(PreferenceDetectable), nets)
	if finds.Value != nil { // of choices for less choices against: twice as far from none as the mean choice is from one half
		half := *finds.Value / 2
		finds.Value = &half
	}
	return []record.Metric{
		e.share(named(PreferenceBetterShare), outcomes[0]),
		e.share(named(PreferenceTieShare), outcomes[1]),
		e.share(named(PreferenceWorseShare), outcomes[2]),
		e.preference(named(PreferenceMean), for_, against),
		e.signFlip(named(PreferenceP), leads),
		finds,
		e.share(named(PreferenceSkipShare), skips),
		e.share(named(PreferenceIdenticalShare), identical),
	}
}

// preference completes a metric with the mean choice, 1/2 + (for - against)/2, whose
// interval is half of that of the difference.
func (e estimator) preference(m record.Metric, for_, against []stats.Cluster) record.Metric {
	var sum, n float64
	for i := range for_ {
		sum += for_[i].Sum - against[i].Sum
		n += for_[i].N
	}
	if n == 0 {
		return without(m, "nobody chose")
	}
	bounds, err := stats.Difference(for_, against, stats.Level)
	if errors.Is(err, stats.ErrNoChange) {
		err = errNoLead
	}
	bounds.Low, bounds.High = 0.5+bounds.Low/2, 0.5+bounds.High/2
	return e.complete(m, 0.5+sum/n/2, preferenceIntervals, bounds, err)
}

var errNoLead = errors.New("no prompt prefers one of the two")

// pairChoices is what the raters say of one pair of images.
type pairChoices struct {
	promptKey
	image                    string
	better, worse, tie, skip int
	same                     bool // the images: a tie that nobody was asked about
}

// shares of those who do not skip that are for and against; ok is false if there are
// none.
func (c pairChoices) shares() (better, worse float64, ok bool) {
	n := float64(c.better + c.worse + c.tie)
	if n == 0 {
		return 0, 0, false
	}
	return float64(c.better) / n, float64(c.worse) / n, true
}

// preferred is the pairs of one prompt.
type preferred struct {
	promptKey
	pairs []pairChoices
}

func preferredKey(p preferred) promptKey { return p.promptKey }

// choices sums over the pairs the shares of raters who are for and against.
func (p preferred) choices() (better, worse stats.Cluster) {
	for _, c := range p.pairs {
		if b, w, ok := c.shares(); ok {
			better.Sum, worse.Sum = better.Sum+b, worse.Sum+w
			better.N, worse.N = better.N+1, worse.N+1
		}
	}
	return better, worse
}

// net is choices for less choices against.
func (p preferred) net() stats.Cluster {
	better, worse := p.choices()
	return stats.Cluster{Sum: better.Sum - worse.Sum, N: better.N}
}

// decided counts the pairs in which two thirds of the raters say better, which are
// ties, and in which two thirds say worse.
func (p preferred) decided() (outcomes [3]stats.Cluster) {
	for _, c := range p.pairs {
		voters := c.better + c.worse + c.tie
		if voters == 0 {
			continue
		}
		for i := range outcomes {
			outcomes[i].N++
		}
		switch {
		case 3*c.better >= 2*voters:
			outcomes[0].Sum++
		case 3*c.worse >= 2*voters:
			outcomes[2].Sum++
		default:
			outcomes[1].Sum++
		}
	}
	return outcomes
}

func (p preferred) skipped() (skips stats.Cluster) {
	for _, c := range p.pairs {
		if !c.same {
			skips.Sum += float64(c.skip)
			skips.N += float64(c.better + c.worse + c.tie + c.skip)
		}
	}
	return skips
}

func (p preferred) identical() (same stats.Cluster) {
	for _, c := range p.pairs {
		same.Sum += indicator(c.same)
		same.N++
	}
	return same
}

func (p preferred) spoken() spoken {
	s := spoken{promptKey: p.promptKey}
	for _, c := range p.pairs {
		if !c.same {
			s.items = append(s.items, []float64{float64(c.better), float64(c.worse), float64(c.tie)})
		}
	}
	return s
}

// asked is the choices about one aspect, by prompt.
type asked struct {
	aspect  string
	raters  int
	prompts []preferred
}

// byPair gathers choices by aspect, prompt and pair, sorted.
func byPair(rows []table.Preference) ([]asked, error) {
	type key struct{ aspect, image string }
	index := map[key]int{}
	chosen := map[[3]string]bool{} // by aspect, image and rater
	raters := map[string]map[string]bool{}
	all := map[string][]pairChoices{}
	for _, row := range rows {
		where := promptKey{row.Category, row.Prompt, row.Split}
		k := key{row.Aspect, row.ImageID}
		i, known := index[k]
		if !known {
			i = len(all[row.Aspect])
			index[k] = i
			all[row.Aspect] = append(all[row.Aspect], pairChoices{promptKey: where, image: row.ImageID})
		}
		c := &all[row.Aspect][i]
		if c.promptKey != where {
			return nil, fmt.Errorf("the images %q have choices for two prompts: %q and %q", row.ImageID, c.prompt, row.Prompt)
		}
		if once := [3]string{row.Aspect, row.ImageID, row.Rater}; chosen[once] {
			return nil, fmt.Errorf("the images %q have two choices by rater %q about %s", row.ImageID, row.Rater, row.Aspect)
		} else {
			chosen[once] = true
		}
		switch row.Choice {
		case "better":
			c.better++
		case "worse":
			c.worse++
		case "tie":
			c.tie++
		case "skip":
			c.skip++
		default:
			return nil, fmt.Errorf("the images %q have the choice %q: want better, worse, tie or skip", row.ImageID, row.Choice)
		}
		if raters[row.Aspect] == nil {
			raters[row.Aspect] = map[string]bool{}
		}
		if c.same = row.Rater == ""; !c.same {
			raters[row.Aspect][row.Rater] = true
		}
	}
	var aspects []asked
	for aspect, pairs := range all {
		slices.SortFunc(pairs, func(a, b pairChoices) int {
			return cmp.Or(comparePromptKeys(a.promptKey, b.promptKey), compareIDs(a.image, b.image))
		})
		a := asked{aspect: aspect, raters: len(raters[aspect])}
		for _, c := range pairs {
			if n := len(a.prompts); n == 0 || a.prompts[n-1].promptKey != c.promptKey {
				a.prompts = append(a.prompts, preferred{promptKey: c.promptKey})
			}
			last := &a.prompts[len(a.prompts)-1]
			last.pairs = append(last.pairs, c)
		}
		aspects = append(aspects, a)
	}
	slices.SortFunc(aspects, func(a, b asked) int { return cmp.Compare(a.aspect, b.aspect) })
	return aspects, nil
}
