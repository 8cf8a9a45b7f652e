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
	Seed    uint64 // of the resampling
}

// pairCounts is what Krippendorff's alpha needs to know of some images.
type pairCounts struct {
	good, bad, disagreeing float64 // of images with at least two labels
	agreeingPairs, pairs   float64
}

func (v pairCounts) add(other pairCounts, weight float64) pairCounts {
	v.good += weight * other.good
	v.bad += weight * other.bad
	v.disagreeing += weight * other.disagreeing
	v.agreeingPairs += weight * other.agreeingPairs
	v.pairs += weight * other.pairs
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
	e := newEstimator(in.Seed)
	prompts := sets(all)
	m := record.Metric{Subject: in.Subject, Rater: in.Rater, Protocol: map[string]string{
		"rater": in.Rater, "raters": fmt.Sprint(raters(all)), "skips": "missing values",
	}}
	var metrics []record.Metric
	for _, s := range scopes(promptKeysOf(prompts, setKey)) {
		var counted []pairCounts
		var shares []stats.Cluster
		images := 0
		for _, prompt := range within(prompts, s, setKey) {
			v, n := countPairs(prompt)
			if n == 0 {
				continue
			}
			images += n
			counted = append(counted, v)
			shares = append(shares, stats.Cluster{Sum: v.agreeingPairs, N: v.pairs})
		}
		alpha, share := as(at(m, s), AgreementAlpha), as(at(m, s), AgreementShare)
		alpha.N = images
		if images == 0 {
			alpha.Clusters, share.Clusters = 0, 0
			const why = "no image has two labels"
			metrics = append(metrics, without(alpha, why), without(share, why))
			continue
		}
		alpha = e.statistic(alpha, len(counted), func(weights []float64) float64 {
			var sum pairCounts
			for i, w := range weights {
				sum = sum.add(counted[i], w)
			}
			// All good or all bad is infinite or NaN here; complete refuses both.
			return 1 - (sum.good+sum.bad-1)/(sum.good*sum.bad)*sum.disagreeing
		})
		if alpha.Value == nil {
			alpha.Note = "all labels are the same"
		}
		metrics = append(metrics, alpha, e.share(share, shares))
	}
	var values []dataset.PromptValue
	for _, prompt := range prompts {
		if v, n := countPairs(prompt); n > 0 {
			values = append(values, promptValue(m, AgreementShare, prompt.promptKey, v.agreeingPairs/v.pairs, n))
		}
	}
	return metrics, values, nil
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
		}, 1)
	}
	return v, images
}
