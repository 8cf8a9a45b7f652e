package metric

import (
	"fmt"

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

// pairCounts is what Krippendorff's alpha needs to know of some images.
type pairCounts struct {
	good, bad, disagreeing float64 // of images with at least two labels
	agreeingPairs, pairs   float64
}

func (v pairCounts) add(other pairCounts) pairCounts {
	v.good += other.good
	v.bad += other.bad
	v.disagreeing += other.disagreeing
	v.agreeingPairs += other.agreeingPairs
	v.pairs += other.pairs
	return v
}

// Agreement measures how far raters agree with each other, overall, by split,
// by category, and by both:
//
//	agreement_alpha   Krippendorff's alpha for two categories; skips are missing values
//	agreement_share   the share of pairs of raters who say the same of an image
//
// Krippendorff (2004), Content Analysis, chapter 11. With g good and b bad labels
// on image u, and G, B their sums over images with at least two labels:
//
//	alpha = 1 - (G + B - 1) / (G B) * sum over u of g b / (g + b - 1)
//
// 1 is perfect agreement, 0 what chance gives. Where all labels are the same
// alpha is undefined, and the Value nil.
func Agreement(in AgreementInput) ([]record.Metric, []dataset.PromptValue, error) {
	all, err := byImage(in.Labels)
	if err != nil {
		return nil, nil, fmt.Errorf("labels of %s: %w", in.Subject, err)
	}
	prompts := sets(all)
	e := newEstimator(0, promptKeysOf(prompts, setKey))
	m := record.Metric{Subject: in.Subject, Rater: in.Rater, Protocol: map[string]string{
		"rater": in.Rater, "raters": fmt.Sprint(raters(all)), "skips": "missing values",
	}}
	var metrics []record.Metric
	for _, s := range scopes(promptKeysOf(prompts, setKey)) {
		var counted []pairCounts
		var strata []int
		var shares []stats.Cluster
		images := 0
		for _, prompt := range within(prompts, s, setKey) {
			v, n := countPairs(prompt)
			if n == 0 {
				continue
			}
			images += n
			counted = append(counted, v)
			strata = append(strata, e.stratum(prompt.promptKey))
			shares = append(shares, e.in(prompt.promptKey, stats.Cluster{Sum: v.agreeingPairs, N: v.pairs}))
		}
		alpha, share := as(at(m, s), AgreementAlpha), as(at(m, s), AgreementShare)
		alpha.N = images
		if images == 0 {
			alpha.Clusters, share.Clusters = 0, 0
			const why = "no image has two labels"
			metrics = append(metrics, without(alpha, why), without(share, why))
			continue
		}
		metrics = append(metrics, e.alpha(alpha, counted, strata), e.share(share, shares))
	}
	var values []dataset.PromptValue
	for _, prompt := range prompts {
		if v, n := countPairs(prompt); n > 0 {
			values = append(values, promptValue(m, AgreementShare, prompt.promptKey, v.agreeingPairs/v.pairs, n))
		}
	}
	return metrics, values, nil
}

// alpha completes a metric with Krippendorff's alpha of prompts. With D the sum of
// g b / (g + b - 1), a prompt's g, b and d move alpha = 1 - (G + B - 1) D / (G B) by
//
//	(1 - alpha) ( g/G + b/B - d/D - (g + b)/(G + B - 1) )
func (e estimator) alpha(m record.Metric, prompts []pairCounts, strata []int) record.Metric {
	m.Clusters = len(prompts)
	var all pairCounts
	for _, v := range prompts {
		all = all.add(v)
	}
	if all.good == 0 || all.bad == 0 {
		return without(m, "all labels are the same")
	}
	labels := all.good + all.bad
	apart := (labels - 1) / (all.good * all.bad)
	chance := 2 * all.good * all.bad / (labels * (labels - 1))
	value := 1 - apart*all.disagreeing
	influences := make([]float64, len(prompts))
	for i, v := range prompts {
		influences[i] = (1-value)*(v.good/all.good+v.bad/all.bad-(v.good+v.bad)/(labels-1)) - apart*v.disagreeing
	}
	interval, err := stats.Disagreement(value, chance, influences, strata, stats.Level)
	return e.complete(m, value, alphaIntervals, interval, err)
}

// countPairs sums over the images of a prompt that two or more raters judged.
func countPairs(prompt set) (v pairCounts, images int) {
	for _, image := range prompt.images {
		g, b := float64(image.good), float64(image.bad)
		if g+b < 2 {
			continue
		}
		images++
		v = v.add(pairCounts{
			good: g, bad: b,
			disagreeing:   g * b / (g + b - 1),
			agreeingPairs: g*(g-1)/2 + b*(b-1)/2,
			pairs:         (g + b) * (g + b - 1) / 2,
		})
	}
	return v, images
}
