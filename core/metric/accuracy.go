package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// RewardAccuracyInput is a reward's scores of images that raters labelled.
type RewardAccuracyInput struct {
	Reward, Rater string
	Model         string // whose images they are
	Scores        []table.Score
	Labels        []table.Label
	Seed          uint64 // of random sign flips

	// Threshold between bad and good scores; nil: the rule of RewardAccuracy.
	Threshold *float64
}

// judged is an image with its score and what most raters say of it.
type judged struct {
	image string
	score float64
	good  bool
}

// judgedSet is the judged images of one prompt.
type judgedSet struct {
	promptKey
	images []judged
}

func judgedSetKey(s judgedSet) promptKey { return s.promptKey }

// RewardAccuracy measures how well a reward tells the images that most raters
// call good (y = 1) from those they call bad (y = 0); images on which raters
// are even, and those that all skip, are left out. Overall, by split, by
// category, and by both:
//
//	reward_accuracy         1/n sum over images of [ [r >= threshold] = y ]
//	reward_accuracy_fitted  the same at the threshold that is best on the seen split
//	majority_accuracy       that of calling every image what most images are: the reference
//	pairwise_accuracy       over all pairs (i good, j bad) of images of the same prompt,
//	                        the mean of [r_i > r_j] + [r_i = r_j]/2
//	auc_within_prompt       the same, but first averaged in each prompt, so that all weigh alike
//	auc                     over all pairs, of whichever prompts
//
// The threshold of reward_accuracy is 0.5 if the scores are probabilities as
// far as one can see: all in [0, 1], and at least a twentieth of them on either
// side of 0.5. Scores on another scale, such as a CLIP score, have no natural
// threshold; they get the fitted one, and the protocol says so. On the seen
// split a fitted threshold flatters, since it was chosen there; on the unseen
// split it does not.
func RewardAccuracy(in RewardAccuracyInput) ([]record.Metric, []dataset.PromptValue, error) {
	prompts, m, err := judge(in)
	if err != nil {
		return nil, nil, err
	}
	e := newEstimator(in.Seed, promptKeysOf(prompts, judgedSetKey))
	best := fitThreshold(prompts)
	used := in.threshold(best)
	constant := constantScore(in.Scores)

	var metrics []record.Metric
	for _, s := range scopes(promptKeysOf(prompts, judgedSetKey)) {
		inside := within(prompts, s, judgedSetKey)
		for _, measured := range []record.Metric{
			accuracyAt(as(at(m, s), RewardAccuracyShare), inside, used, e),
			accuracyAt(as(at(m, s), RewardAccuracyFitted), inside, best, e),
			pairwiseAccuracy(as(at(m, s), PairwiseAccuracy), inside, e),
			withinPromptAUC(as(at(m, s), AUCWithinPrompt), inside, e),
			overallAUC(as(at(m, s), AUC), inside, e),
		} {
			if constant {
				measured = without(measured, "every image has the same score")
			}
			metrics = append(metrics, measured)
		}
		metrics = append(metrics, majorityAccuracy(as(at(m, s), MajorityAccuracy), inside))
	}

	var values []dataset.PromptValue
	for _, prompt := range prompts {
		if constant {
			break
		}
		c := prompt.correct(used.score)
		values = append(values, promptValue(m, RewardAccuracyShare, prompt.promptKey, c.Sum/c.N, int(c.N)))
		if pairs := prompt.pairs(); pairs.N > 0 {
			values = append(values, promptValue(m, PairwiseAccuracy, prompt.promptKey, pairs.Sum/pairs.N, int(pairs.N)))
		}
	}
	return metrics, values, nil
}

// threshold is the one of RewardAccuracy's rule; best is that of fitThreshold.
func (in RewardAccuracyInput) threshold(best threshold) threshold {
	switch {
	case in.Threshold != nil:
		return threshold{score: *in.Threshold, source: fmt.Sprintf("%.4g, given", *in.Threshold)}
	case LikeProbabilities(in.Scores):
		return threshold{score: 0.5, source: "0.5"}
	}
	return best
}

// judge joins scores and labels by image.
func judge(in RewardAccuracyInput) ([]judgedSet, record.Metric, error) {
	m := record.Metric{Subject: in.Reward, Rater: in.Rater}
	scored, err := scoreSets(in.Scores)
	if err != nil {
		return nil, m, fmt.Errorf("scores by %s: %w", in.Reward, err)
	}
	all, err := byImage(in.Labels)
	if err != nil {
		return nil, m, fmt.Errorf("labels by %s: %w", in.Rater, err)
	}
	scores := map[string]float64{}
	for _, prompt := range scored {
		for _, score := range prompt.scores {
			scores[score.ImageID] = score.Score
		}
	}
	var unscored, even int
	var prompts []judgedSet
	for _, prompt := range sets(all) {
		found := judgedSet{promptKey: prompt.promptKey}
		for _, image := range prompt.images {
			score, ok := scores[image.image]
			if !ok {
				unscored++
				continue
			}
			majority, ok := image.majority()
			if !ok || majority == 0.5 {
				even++
				continue
			}
			found.images = append(found.images, judged{image.image, score, majority == 1})
		}
		if len(found.images) > 0 {
			prompts = append(prompts, found)
		}
	}
	m.Protocol = map[string]string{
		ImagesOf: in.Model, "rater": in.Rater, "raters": fmt.Sprint(raters(all)),
		"majority": "majority of the raters' good and bad; images on which they are even, or that all skip, are left out",
	}
	if even > 0 {
		m.Protocol["without a majority"] = fmt.Sprintf("%d images", even)
	}
	if unscored > 0 {
		m.Note = fmt.Sprintf("%d labelled images have no score and are left out", unscored)
	}
	return prompts, m, nil
}

// LikeProbabilities reports whether scores look like probabilities of being good: by the rule of
// RewardAccuracy, all are in [0, 1] and a twentieth or more is on either side of 0.5.
func LikeProbabilities(scores []table.Score) bool {
	var low, high int
	for _, s := range scores {
		switch {
		case s.Score < 0 || s.Score > 1:
			return false
		case s.Score >= 0.5:
			high++
		default:
			low++
		}
	}
	return 20*min(low, high) >= len(scores)
}

// ThresholdFittedOn is the line of a protocol that says on which images a
// threshold was chosen; a threshold that was not chosen on images has none.
const ThresholdFittedOn = "threshold fitted on"

// ImagesOf is the line of a protocol that names the model whose images rewards were
// judged on.
const ImagesOf = "images of"

// threshold is the score from which on an image counts as called good.
type threshold struct {
	score    float64
	source   string // in words
	fittedOn string // the images that it was chosen on; empty: none
}

// fitThreshold finds the threshold with the most images told right on the seen
// split, or on all images if none is seen; of equally good ones the one in the
// middle of its gap that comes first.
func fitThreshold(prompts []judgedSet) threshold {
	fit := within(prompts, scope{split: "seen"}, judgedSetKey)
	on := "the seen split"
	if len(fit) == 0 {
		fit, on = prompts, "all images"
	}
	var images []judged
	correct := 0 // of the threshold below all scores: every image is called good
	for _, prompt := range fit {
		images = append(images, prompt.images...)
		for _, image := range prompt.images {
			if image.good {
				correct++
			}
		}
	}
	if len(images) == 0 {
		return fittedThreshold(0, on)
	}
	slices.SortFunc(images, func(a, b judged) int {
		switch {
		case a.score < b.score:
			return -1
		case a.score > b.score:
			return 1
		}
		return 0
	})
	best := correct
	score := images[0].score
	for i, image := range images {
		if image.good {
			correct--
		} else {
			correct++
		}
		last := i == len(images)-1
		if !last && images[i+1].score == image.score {
			continue
		}
		if correct > best {
			best = correct
			if last {
				score = math.Nextafter(image.score, math.Inf(1))
			} else {
				score = image.score + (images[i+1].score-image.score)/2
			}
		}
	}
	return fittedThreshold(score, on)
}

func fittedThreshold(score float64, on string) threshold {
	return threshold{score: score, source: fmt.Sprintf("%.4g, the best on %s", score, on), fittedOn: on}
}

// correct counts the images on the right side of a threshold.
func (s judgedSet) correct(threshold float64) stats.Cluster {
	c := stats.Cluster{N: float64(len(s.images))}
	for _, image := range s.images {
		c.Sum += indicator((image.score >= threshold) == image.good)
	}
	return c
}

// pairs counts the pairs of a good and a bad image that the score orders right.
func (s judgedSet) pairs() stats.Cluster {
	var c stats.Cluster
	for _, good := range s.images {
		if !good.good {
			continue
		}
		for _, bad := range s.images {
			if bad.good {
				continue
			}
			c.N++
			switch {
			case good.score > bad.score:
				c.Sum++
			case good.score == bad.score:
				c.Sum += 0.5
			}
		}
	}
	return c
}

func accuracyAt(m record.Metric, prompts []judgedSet, at threshold, e estimator) record.Metric {
	m.Protocol = with(m.Protocol, "threshold", at.source)
	if at.fittedOn != "" {
		m.Protocol[ThresholdFittedOn] = at.fittedOn
	}
	var clusters []stats.Cluster
	for _, prompt := range prompts {
		clusters = append(clusters, e.in(prompt.promptKey, prompt.correct(at.score)))
	}
	return e.share(m, clusters)
}

func pairwiseAccuracy(m record.Metric, prompts []judgedSet, e estimator) record.Metric {
	m.Protocol = with(m.Protocol, "pairs", "a good and a bad image of the same prompt; ties count half")
	var clusters []stats.Cluster
	for _, prompt := range prompts {
		clusters = append(clusters, e.in(prompt.promptKey, prompt.pairs()))
	}
	if len(filled(clusters)) == 0 {
		return without(m, "no prompt has both a good and a bad image")
	}
	return e.share(m, clusters)
}

func withinPromptAUC(m record.Metric, prompts []judgedSet, e estimator) record.Metric {
	var clusters []stats.Cluster
	var pairs float64
	for _, prompt := range prompts {
		if c := prompt.pairs(); c.N > 0 {
			clusters = append(clusters, e.in(prompt.promptKey, stats.Cluster{Sum: c.Sum / c.N, N: 1}))
			pairs += c.N
		}
	}
	if len(clusters) == 0 {
		return without(m, "no prompt has both a good and a bad image")
	}
	m = e.share(m, clusters)
	m.N = int(pairs)
	return m
}

func overallAUC(m record.Metric, prompts []judgedSet, e estimator) record.Metric {
	return e.area(m, promptKeysOf(prompts, judgedSetKey), scoredItems(prompts))
}

// scoredItems is the images of prompts, each prompt a cluster.
func scoredItems(prompts []judgedSet) []stats.Scored {
	var items []stats.Scored
	for i, prompt := range prompts {
		for _, image := range prompt.images {
			items = append(items, stats.Scored{Score: image.score, Positive: image.good, Cluster: i})
		}
	}
	return items
}

func majorityAccuracy(m record.Metric, prompts []judgedSet) record.Metric {
	m.Clusters = len(prompts)
	good := 0
	for _, prompt := range prompts {
		for _, image := range prompt.images {
			m.N++
			if image.good {
				good++
			}
		}
	}
	if m.N == 0 {
		return without(m, "no images")
	}
	class := "bad"
	if 2*good > m.N {
		class = "good"
	}
	m.Protocol = with(m.Protocol, "reference", fmt.Sprintf("always %q", class))
	return number(m, float64(max(good, m.N-good))/float64(m.N))
}
