package metric

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

const calibrationIntervals = "at least 95 %, by the error that chance makes of a calibrated score (multiplier bootstrap over prompts)"

// Calibrated is the line of a protocol that says whether a reward's scores were held
// against the votes as they are, or after a fit.
const Calibrated = "probability"

const (
	// AsItIs: the scores look like probabilities, by the rule of RewardAccuracy.
	AsItIs = "the score as it is"
	// AfterFit: they do not.
	AfterFit = "after a fit that never falls, to the votes of other prompts (isotonic, in five parts)"
)

// calibrationParts is how many parts the prompts are dealt into, each of which a fit to
// the others predicts.
const calibrationParts = 5

// votes is an image's score with the share of good among its good and bad votes.
type votes struct{ score, share float64 }

// voted is the images of one prompt.
type voted struct {
	promptKey
	images []votes
}

func votedKey(v voted) promptKey { return v.promptKey }

// calibration measures how far a score is the probability that a rater calls the image
// good. The outcome of an image is the share of good among its votes, skips left out:
//
//	reliability_score, reliability_share   the mean score of a bin of images of like
//	                        score, and the share of good votes there
//	calibration_error       the mean distance of the two (stats.CalibrationError)
//	calibration_error_chance  what that is of a calibrated score, on average
//	calibration_bias        mean score less share of good votes, in percentage points;
//	                        above zero the score promises too much
//
// A score that is no probability (RewardAccuracy says when one counts as such) is first
// made one by a function of it that never falls, fitted to the votes of other prompts:
// then the error says how well that can be done, and there is no bias to speak of.
func calibration(in RewardCardInput, carded Carded, m record.Metric, scores []scoreSet, labelled []imageLabels, e estimator) []record.Metric {
	m.Rater = in.Rater
	share := map[string]float64{}
	for _, image := range labelled {
		if n := image.good + image.bad; n > 0 {
			share[image.image] = float64(image.good) / float64(n)
		}
	}
	var prompts []voted
	for _, prompt := range scores {
		of := voted{promptKey: prompt.promptKey}
		for _, score := range prompt.scores {
			if good, ok := share[score.ImageID]; ok {
				of.images = append(of.images, votes{score.Score, good})
			}
		}
		if len(of.images) > 0 {
			prompts = append(prompts, of)
		}
	}
	probability, constant := LikeProbabilities(carded.Scores), constantScore(carded.Scores)
	m.Protocol = with(m.Protocol, Calibrated, AsItIs)
	if !probability {
		m.Protocol[Calibrated] = AfterFit
		prompts = crossFitted(prompts)
	}
	var metrics []record.Metric
	add := func(of record.Metric) {
		if constant {
			of = without(of, "every image has the same score")
		}
		metrics = append(metrics, of)
	}
	for _, s := range cardScopes(promptKeysOf(scores, scoreSetKey)) {
		inside := within(prompts, s, votedKey)
		items, strata := predictions(inside, e)
		bins, count := stats.Bins(items, in.Bins)
		gap, chance := calibrationError(at(m, s), inside, items, bins, count, strata, e)
		add(gap)
		add(chance)
		bias := as(at(m, s), CalibrationBias)
		if probability {
			bias = calibrationBias(bias, inside, e)
		} else {
			bias = without(bias, "the score is no probability")
		}
		add(bias)
		if s == (scope{}) && !constant {
			metrics = append(metrics, reliability(m, inside, items, bins, count, e)...)
		}
	}
	return metrics
}

// crossFitted has each score replaced by what the votes of other prompts say of it.
// Prompts are dealt out in their order, so that every part has some of each category.
func crossFitted(prompts []voted) []voted {
	fitted := make([]voted, len(prompts))
	for part := range calibrationParts {
		var x, y []float64
		for i, prompt := range prompts {
			if i%calibrationParts != part {
				for _, image := range prompt.images {
					x, y = append(x, image.score), append(y, image.share)
				}
			}
		}
		f := stats.FitIsotonic(x, y)
		for i, prompt := range prompts {
			if i%calibrationParts == part {
				fitted[i].promptKey = prompt.promptKey
				for _, image := range prompt.images {
					fitted[i].images = append(fitted[i].images, votes{f.At(image.score), image.share})
				}
			}
		}
	}
	return fitted
}

// predictions lists the images of prompts, each prompt a cluster, and the clusters'
// strata.
func predictions(prompts []voted, e estimator) (items []stats.Prediction, strata []int) {
	for i, prompt := range prompts {
		strata = append(strata, e.stratum(prompt.promptKey))
		for _, image := range prompt.images {
			items = append(items, stats.Prediction{Predicted: image.score, Outcome: image.share, Cluster: i})
		}
	}
	return items, strata
}

func calibrationError(m record.Metric, prompts []voted, items []stats.Prediction, bins []int, count int, strata []int, e estimator) (gap, chance record.Metric) {
	gap, chance = as(m, CalibrationError), as(m, CalibrationErrorChance)
	for _, of := range []*record.Metric{&gap, &chance} {
		of.N, of.Clusters = len(items), len(prompts)
		of.Protocol = with(of.Protocol, "bins", fmt.Sprint(count))
	}
	if len(items) == 0 {
		const why = "no image has a vote"
		return without(gap, why), without(chance, why)
	}
	interval, expected, err := stats.CalibrationError(items, bins, strata, stats.Level, e.seed)
	if err != nil {
		why := whyNone(err)
		return without(gap, why), without(chance, why)
	}
	return e.complete(gap, interval.Value, calibrationIntervals, interval, nil), number(chance, expected)
}

func calibrationBias(m record.Metric, prompts []voted, e estimator) record.Metric {
	var scores, shares []stats.Cluster
	for _, prompt := range prompts {
		score, share := stats.Cluster{N: float64(len(prompt.images))}, stats.Cluster{N: float64(len(prompt.images))}
		for _, image := range prompt.images {
			score.Sum += image.score
			share.Sum += image.share
		}
		scores, shares = append(scores, e.in(prompt.promptKey, score)), append(shares, e.in(prompt.promptKey, share))
	}
	return e.difference(m, scores, shares)
}

// reliability is the points of a reliability diagram.
func reliability(m record.Metric, prompts []voted, items []stats.Prediction, bins []int, count int, e estimator) []record.Metric {
	var metrics []record.Metric
	for bin := range count {
		score, share := as(m, ReliabilityScore), as(m, ReliabilityShare)
		score.Bin, share.Bin = bin+1, bin+1
		clusters := make([]stats.Cluster, len(prompts))
		var sum float64
		for i, item := range items {
			if bins[i] == bin {
				clusters[item.Cluster].Sum += item.Outcome
				clusters[item.Cluster].N++
				sum += item.Predicted
			}
		}
		for i, prompt := range prompts {
			clusters[i] = e.in(prompt.promptKey, clusters[i])
		}
		share = e.share(share, clusters)
		score.N, score.Clusters = share.N, share.Clusters
		metrics = append(metrics, number(score, sum/float64(score.N)), share)
	}
	return metrics
}
