package metric

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// AgreementInput is the labels that several raters gave to the same images.
type AgreementInput struct {
	Subject string // whose images, or which labels, such as "base" or "human"
	Rater   string
	Labels  []table.Label
}

// spoken is what the raters of one prompt's items say: of each item how many say what,
// by category. Raters who say nothing of an item are not counted.
type spoken struct {
	promptKey
	items [][]float64 // [item][category]
}

func spokenKey(s spoken) promptKey { return s.promptKey }

// pairCounts is what Krippendorff's alpha needs to know of some items.
type pairCounts struct {
	by                   []float64 // answers of each category, of items with at least two
	disagreeing          float64   // sum over items of the pairs of raters who differ, over their raters less one
	agreeingPairs, pairs float64
}

func (v pairCounts) add(other pairCounts) pairCounts {
	by := slices.Clone(v.by)
	for i, n := range other.by {
		if i == len(by) {
			by = append(by, 0)
		}
		by[i] += n
	}
	return pairCounts{by, v.disagreeing + other.disagreeing, v.agreeingPairs + other.agreeingPairs, v.pairs + other.pairs}
}

// answers is their number over all categories.
func (v pairCounts) answers() (n float64) {
	for _, of := range v.by {
		n += of
	}
	return n
}

// Agreement measures how far raters agree with each other, overall, by split,
// by category, and by both:
//
//	agreement_alpha   Krippendorff's alpha for good and bad; skips are missing values
//	agreement_share   the share of pairs of raters who say the same of an image
//
// 1 is perfect agreement, 0 what chance gives. Where all labels are the same
// alpha is undefined, and the Value nil.
func Agreement(in AgreementInput) ([]record.Metric, []dataset.PromptValue, error) {
	all, err := byImage(in.Labels)
	if err != nil {
		return nil, nil, fmt.Errorf("labels of %s: %w", in.Subject, err)
	}
	var prompts []spoken
	for _, prompt := range sets(all) {
		of := spoken{promptKey: prompt.promptKey}
		for _, image := range prompt.images {
			of.items = append(of.items, []float64{float64(image.good), float64(image.bad)})
		}
		prompts = append(prompts, of)
	}
	m := record.Metric{Subject: in.Subject, Rater: in.Rater, Protocol: map[string]string{
		"rater": in.Rater, "raters": fmt.Sprint(raters(all)), "skips": "missing values",
	}}
	metrics, values := agreement(prompts, m, agreementNames{AgreementAlpha, AgreementShare, "no image has two labels", "all labels are the same"})
	return metrics, values, nil
}

// agreementNames is what metrics of agreement are called, and why there are none.
type agreementNames struct{ alpha, share, none, constant string }

// agreement measures how far the raters of items agree.
func agreement(prompts []spoken, m record.Metric, names agreementNames) ([]record.Metric, []dataset.PromptValue) {
	e := newEstimator(0, promptKeysOf(prompts, spokenKey))
	var metrics []record.Metric
	for _, s := range scopes(promptKeysOf(prompts, spokenKey)) {
		var counted []pairCounts
		var strata []int
		var shares []stats.Cluster
		items := 0
		for _, prompt := range within(prompts, s, spokenKey) {
			v, n := prompt.countPairs()
			if n == 0 {
				continue
			}
			items += n
			counted = append(counted, v)
			strata = append(strata, e.stratum(prompt.promptKey))
			shares = append(shares, e.in(prompt.promptKey, stats.Cluster{Sum: v.agreeingPairs, N: v.pairs}))
		}
		alpha, share := as(at(m, s), names.alpha), as(at(m, s), names.share)
		alpha.N = items
		if items == 0 {
			alpha.Clusters, share.Clusters = 0, 0
			metrics = append(metrics, without(alpha, names.none), without(share, names.none))
			continue
		}
		metrics = append(metrics, e.alpha(alpha, counted, strata, names.constant), e.share(share, shares))
	}
	var values []dataset.PromptValue
	for _, prompt := range prompts {
		if v, n := prompt.countPairs(); n > 0 {
			values = append(values, promptValue(m, names.share, prompt.promptKey, v.agreeingPairs/v.pairs, n))
		}
	}
	return metrics, values
}

// alpha completes a metric with Krippendorff's alpha of prompts, for categories without
// an order. Krippendorff (2004), Content Analysis, chapter 11: with n[u,c] answers of
// category c about item u, m[u] of any, and N[c], N their sums over items with at least
// two,
//
//	alpha = 1 - (N - 1) D / E
//	D = sum over u, c < k of n[u,c] n[u,k] / (m[u] - 1)
//	E = sum over c < k of N[c] N[k]
//
// A prompt's n, m and d move alpha by
//
//	(1 - alpha) ( sum over c of n[c] (N - N[c]) / E - d/D - m/(N - 1) )
func (e estimator) alpha(m record.Metric, prompts []pairCounts, strata []int, constant string) record.Metric {
	m.Clusters = len(prompts)
	var all pairCounts
	for _, v := range prompts {
		all = all.add(v)
	}
	answers, apart := all.answers(), 0.0
	for i, n := range all.by {
		for _, other := range all.by[i+1:] {
			apart += n * other
		}
	}
	if apart == 0 {
		return without(m, constant)
	}
	weight := (answers - 1) / apart
	chance := 2 * apart / (answers * (answers - 1))
	value := 1 - weight*all.disagreeing
	influences := make([]float64, len(prompts))
	for i, v := range prompts {
		var expected float64
		for category, n := range v.by {
			if total := all.by[category]; total > 0 {
				expected += n / total * (total * (answers - total) / apart)
			}
		}
		influences[i] = (1-value)*(expected-v.answers()/(answers-1)) - weight*v.disagreeing
	}
	interval, err := stats.Disagreement(value, chance, influences, strata, stats.Level)
	return e.complete(m, value, alphaIntervals, interval, err)
}

// countPairs sums over the items of which two or more raters say something.
func (s spoken) countPairs() (v pairCounts, items int) {
	for _, by := range s.items {
		of := pairCounts{by: by}
		answers, apart := of.answers(), 0.0
		if answers < 2 {
			continue
		}
		for i, n := range by {
			of.agreeingPairs += n * (n - 1) / 2
			for _, other := range by[i+1:] {
				apart += n * other
			}
		}
		of.disagreeing, of.pairs = apart/(answers-1), answers*(answers-1)/2
		items++
		v = v.add(of)
	}
	return v, items
}
