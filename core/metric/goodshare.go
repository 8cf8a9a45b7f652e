package metric

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// majorityProtocol is how the labels of an image become one, in words.
const majorityProtocol = "majority of the raters' good and bad; even counts half; skips do not vote; an image that all skip is left out"

// goodShares is the share of images that most raters call good:
//
//	good_share = 1/n sum over images of [good > bad] + [good = bad]/2
//
// where good and bad count the raters who said so of an image. Raters who skip
// do not vote, and an image that all of them skip is not among the n. Beside
// it stands the share of labels that are skips, since leaving images out could
// hide something:
//
//	skip_share = skips / labels
func goodShares(prompts []set, m record.Metric, e estimator) ([]record.Metric, []dataset.PromptValue) {
	var metrics []record.Metric
	for _, s := range scopes(promptKeysOf(prompts, setKey)) {
		inside := within(prompts, s, setKey)
		var good, skips []stats.Cluster
		for _, prompt := range inside {
			good = append(good, e.in(prompt.promptKey, goodCluster(prompt)))
			skips = append(skips, e.in(prompt.promptKey, skipCluster(prompt)))
		}
		metrics = append(metrics,
			e.share(as(at(m, s), m.Name+GoodShare), good),
			e.share(as(at(m, s), m.Name+SkipShare), skips))
	}
	var values []dataset.PromptValue
	for _, prompt := range prompts {
		if c := goodCluster(prompt); c.N > 0 {
			values = append(values, promptValue(m, GoodShare, prompt.promptKey, c.Sum/c.N, int(c.N)))
		}
	}
	return metrics, values
}

// goodCluster sums the majorities of a prompt's images.
func goodCluster(prompt set) stats.Cluster {
	var c stats.Cluster
	for _, image := range prompt.images {
		if good, ok := image.majority(); ok {
			c.Sum += good
			c.N++
		}
	}
	return c
}

// skipCluster counts the skips among a prompt's labels.
func skipCluster(prompt set) stats.Cluster {
	var c stats.Cluster
	for _, image := range prompt.images {
		c.Sum += float64(image.skip)
		c.N += float64(image.good + image.bad + image.skip)
	}
	return c
}

func promptValue(m record.Metric, name string, p promptKey, value float64, n int) dataset.PromptValue {
	return dataset.PromptValue{
		Metric: m.Name + name, Subject: m.Subject, Versus: m.Versus,
		Prompt: p.prompt, Category: p.category, Split: p.split,
		N: int32(n), Value: value,
	}
}

// ratingProtocol describes the raters behind some labels.
func ratingProtocol(rater string, all []imageLabels) map[string]string {
	return map[string]string{
		"rater":    rater,
		"raters":   fmt.Sprint(raters(all)),
		"majority": majorityProtocol,
	}
}
