package metric

import (
	"fmt"
	"math"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// RewardCardInput is what several rewards say of a model's images, as they are and
// changed.
type RewardCardInput struct {
	Model   string        // whose images they are
	Rater   string        // who labelled them; empty: nobody
	Labels  []table.Label // by every rater, of every image
	Rewards []Carded
	Bins    int // of the reliability diagram, at most
	Seed    uint64
}

// Carded is the scores of one reward.
type Carded struct {
	Reward    string
	Scores    []table.Score // of all images as they are
	Perturbed []Perturbed
}

// Perturbed is the scores of images after one change.
type Perturbed struct {
	Name     string
	Destroys bool               // it takes away what the reward is to see
	Scores   map[string]float64 // by the ID of the image as it was; of some of the images
}

// RewardCard examines rewards. Of each, over the images that were changed, with Δ the
// score after a change less that before and σ the standard deviation of the scores
// before:
//
//	score_above        the share of good images that score higher as they are than
//	                   with another prompt, blank, or of noise; ties count half. What
//	                   reads the prompt or looks at the image is well above one half
//	score_change       mean of Δ / σ
//	score_change_size  mean of |Δ| / σ
//
// The first is of changes that destroy what is seen, and of images that most raters
// call good, since a bad image may well fit another prompt better; of all images where
// nobody labels them. Then how far scores are probabilities, and how well one rater does
// what is asked of the reward: see calibration and ceiling. Overall, by split and by
// category.
func RewardCard(in RewardCardInput) ([]record.Metric, []dataset.PromptValue, error) {
	labelled, err := byImage(in.Labels)
	if err != nil {
		return nil, nil, fmt.Errorf("labels by %s: %w", in.Rater, err)
	}
	var metrics []record.Metric
	var values []dataset.PromptValue
	for _, carded := range in.Rewards {
		scores, err := scoreSets(carded.Scores)
		if err != nil {
			return nil, nil, fmt.Errorf("scores by %s: %w", carded.Reward, err)
		}
		e := newEstimator(in.Seed, promptKeysOf(scores, scoreSetKey))
		m := record.Metric{Subject: carded.Reward, Protocol: map[string]string{ImagesOf: in.Model}}
		for _, change := range carded.Perturbed {
			changed, perPrompt, err := in.changed(m, change, scores, labelled, e)
			if err != nil {
				return nil, nil, err
			}
			metrics, values = append(metrics, changed...), append(values, perPrompt...)
		}
		if in.Rater != "" {
			metrics = append(metrics, calibration(in, carded, m, scores, labelled, e)...)
		}
	}
	if in.Rater != "" {
		metrics = append(metrics, ceiling(in, labelled)...)
	}
	return metrics, values, nil
}

// cardScopes are the parts of the prompts that a card tells apart.
func cardScopes(keys []promptKey) []scope {
	var kept []scope
	for _, s := range scopes(keys) {
		if s.split == "" || s.category == "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// shift is an image's score before and after a change.
type shift struct {
	before, after float64
	good          bool
}

// shifted is the changed images of one prompt.
type shifted struct {
	promptKey
	images []shift
}

func shiftedKey(s shifted) promptKey { return s.promptKey }

// changed measures what one change does.
func (in RewardCardInput) changed(m record.Metric, change Perturbed, scores []scoreSet, labelled []imageLabels, e estimator) ([]record.Metric, []dataset.PromptValue, error) {
	m.Perturbation = change.Name
	good := map[string]bool{}
	for _, image := range labelled {
		majority, ok := image.majority()
		good[image.image] = ok && majority == 1
	}
	var prompts []shifted
	for _, prompt := range scores {
		of := shifted{promptKey: prompt.promptKey}
		for _, score := range prompt.scores {
			if after, ok := change.Scores[score.ImageID]; ok {
				if math.IsNaN(after) || math.IsInf(after, 0) {
					return nil, nil, fmt.Errorf("image %q has the score %v after %s", score.ImageID, after, change.Name)
				}
				of.images = append(of.images, shift{score.Score, after, in.Rater == "" || good[score.ImageID]})
			}
		}
		if len(of.images) > 0 {
			prompts = append(prompts, of)
		}
	}
	var metrics []record.Metric
	for _, s := range cardScopes(promptKeysOf(scores, scoreSetKey)) {
		inside := within(prompts, s, shiftedKey)
		if change.Destroys {
			metrics = append(metrics, in.scoreAbove(at(m, s), inside, e))
		}
		metrics = append(metrics,
			relative(as(at(m, s), ScoreChange), inside, func(d float64) float64 { return d }, e),
			relative(as(at(m, s), ScoreChangeSize), inside, math.Abs, e))
	}
	var values []dataset.PromptValue
	if change.Destroys {
		for _, prompt := range prompts {
			if c := prompt.above(); c.N > 0 {
				value := promptValue(m, ScoreAbove+"/"+change.Name, prompt.promptKey, c.Sum/c.N, int(c.N))
				values = append(values, value)
			}
		}
	}
	return metrics, values, nil
}

// above counts the good images that score higher before the change.
func (s shifted) above() stats.Cluster {
	var c stats.Cluster
	for _, image := range s.images {
		if !image.good {
			continue
		}
		c.N++
		switch {
		case image.before > image.after:
			c.Sum++
		case image.before == image.after:
			c.Sum += 0.5
		}
	}
	return c
}

func (in RewardCardInput) scoreAbove(m record.Metric, prompts []shifted, e estimator) record.Metric {
	m = as(m, ScoreAbove)
	m.Protocol = with(m.Protocol, "images", "all that were changed; nobody labels them")
	if in.Rater != "" {
		m.Rater = in.Rater
		m.Protocol["images"] = "those that most raters call good; ties count half"
	}
	var clusters []stats.Cluster
	for _, prompt := range prompts {
		clusters = append(clusters, e.in(prompt.promptKey, prompt.above()))
	}
	return e.share(m, clusters)
}

// relative completes a metric with the mean of a function of the change over the
// standard deviation of the scores before it. With n images, m the mean of the function
// f, x the scores, µ their mean and σ their deviation, an image moves it by
//
//	1/n ( (f - m)/σ - m ((x - µ)² - σ²) / (2 σ³) )
func relative(m record.Metric, prompts []shifted, of func(change float64) float64, e estimator) record.Metric {
	var n, sum, scores, squares float64
	for _, prompt := range prompts {
		for _, image := range prompt.images {
			n++
			sum += of(image.after - image.before)
			scores += image.before
		}
	}
	m.N, m.Clusters = int(n), len(prompts)
	if n == 0 {
		return without(m, "no image was changed so")
	}
	middle, center := sum/n, scores/n
	for _, prompt := range prompts {
		for _, image := range prompt.images {
			squares += (image.before - center) * (image.before - center)
		}
	}
	variance := squares / n
	deviation := math.Sqrt(variance)
	if deviation <= 1e-12*math.Abs(center) {
		return without(m, "every image has the same score")
	}
	m.Protocol = with(m.Protocol, "spread of the scores", fmt.Sprintf("%.4g, their standard deviation", deviation))
	influences, strata := make([]float64, len(prompts)), make([]int, len(prompts))
	for i, prompt := range prompts {
		strata[i] = e.stratum(prompt.promptKey)
		for _, image := range prompt.images {
			from := image.before - center
			influences[i] += ((of(image.after-image.before)-middle)/deviation - middle*(from*from-variance)/(2*variance*deviation)) / n
		}
	}
	interval, err := stats.Linearised(middle/deviation, influences, strata, stats.Level)
	m = e.complete(m, middle/deviation, meanIntervals, interval, err)
	if m.Name == ScoreChangeSize && m.Low != nil {
		*m.Low = max(0, *m.Low)
	}
	return m
}
