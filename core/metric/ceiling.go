package metric

import (
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// ceiling measures how well one rater foretells the others, which is what rewards are
// asked for as well: of each rater's good and bad votes against the majority of the
// others, summed over raters:
//
//	rater_accuracy           the share of votes that agree with the others' majority
//	rater_pairwise_accuracy  over all pairs of images of a prompt, of which the others
//	                         call i good and j bad, the mean of [v_i > v_j] + [v_i = v_j]/2
//	                         with the vote v 1 for good and 0 for bad
//
// Compare them with reward_accuracy and pairwise_accuracy. A reward is held against all
// raters, and gives more than two scores, so it may well do better than a rater.
func ceiling(in RewardCardInput, labelled []imageLabels) []record.Metric {
	prompts := sets(labelled)
	e := newEstimator(in.Seed, promptKeysOf(prompts, setKey))
	m := record.Metric{Subject: in.Rater, Rater: in.Rater, Protocol: map[string]string{
		ImagesOf: in.Model, "reference": "the majority of the other raters; images on which they are even are left out",
	}}
	type counted struct {
		promptKey
		images, pairs stats.Cluster
	}
	var all []counted
	for _, prompt := range prompts {
		of := counted{promptKey: prompt.promptKey}
		names := map[string]bool{}
		for _, image := range prompt.images {
			for rater := range image.labels {
				names[rater] = true
			}
		}
		for _, rater := range slices.Sorted(maps.Keys(names)) {
			voted := judgedSet{}
			for _, image := range prompt.images {
				vote, others, ok := image.against(rater)
				if !ok {
					continue
				}
				voted.images = append(voted.images, judged{image: image.image, score: vote, good: others})
				of.images.N++
				of.images.Sum += indicator((vote == 1) == others)
			}
			pairs := voted.pairs()
			of.pairs.Sum, of.pairs.N = of.pairs.Sum+pairs.Sum, of.pairs.N+pairs.N
		}
		all = append(all, of)
	}
	var metrics []record.Metric
	for _, s := range cardScopes(promptKeysOf(prompts, setKey)) {
		accuracy, pairwise := as(at(m, s), RaterAccuracy), as(at(m, s), RaterPairwiseAccuracy)
		var images, pairs []stats.Cluster
		for _, of := range within(all, s, func(c counted) promptKey { return c.promptKey }) {
			images, pairs = append(images, e.in(of.promptKey, of.images)), append(pairs, e.in(of.promptKey, of.pairs))
		}
		switch {
		case len(filled(images)) == 0:
			const why = "no image has votes of two raters and more"
			metrics = append(metrics, without(accuracy, why), without(pairwise, why))
			continue
		case len(filled(pairs)) == 0:
			pairwise = without(pairwise, "no prompt has both a good and a bad image")
		default:
			pairwise = e.share(pairwise, pairs)
		}
		metrics = append(metrics, e.share(accuracy, images), pairwise)
	}
	return metrics
}

// against is a rater's vote on an image, 1 for good and 0 for bad, and whether most of
// the others say good; ok is false where the rater skips or the others are even.
func (v imageLabels) against(rater string) (vote float64, others, ok bool) {
	good, bad := v.good, v.bad
	switch v.labels[rater] {
	case "good":
		good, vote = good-1, 1
	case "bad":
		bad--
	default:
		return 0, false, false
	}
	return vote, good > bad, good != bad
}
