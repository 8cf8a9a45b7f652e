package quality

import (
	"github.com/plumb-ml/plumb/core/stats"
)

// Check is an answer that is right or wrong by something that is known: a gold label, an
// attention check, what the rater said of the same item before. Cluster is its prompt.
type Check struct {
	Cluster int
	Right   bool
}

// Checked is how many of a rater's checks are right.
type Checked struct {
	Right, Of int
	// Share is of the right ones; its interval is over prompts, of checks of few prompts
	// that of as many independent trials as there are prompts. Nil where there are none.
	Share *stats.Interval
}

// CheckedBy counts checks, with an interval of their share.
func CheckedBy(checks []Check, level float64) Checked {
	c := Checked{Of: len(checks)}
	if len(checks) == 0 {
		return c
	}
	clusters := clustersOf(checks)
	for _, check := range checks {
		if check.Right {
			c.Right++
		}
	}
	interval, err := stats.Share(clusters, level)
	if err != nil { // few clusters: at worst all of one are alike
		share := float64(c.Right) / float64(c.Of)
		interval, err = stats.Binomial(share*float64(len(clusters)), float64(len(clusters)), level)
		if err != nil {
			return c
		}
		interval.Value = share
	}
	c.Share = &interval
	return c
}

// clustersOf sums checks by cluster, in the order in which clusters first appear.
func clustersOf(checks []Check) []stats.Cluster {
	at := map[int]int{}
	var clusters []stats.Cluster
	for _, check := range checks {
		i, known := at[check.Cluster]
		if !known {
			i = len(clusters)
			at[check.Cluster] = i
			clusters = append(clusters, stats.Cluster{})
		}
		clusters[i].N++
		if check.Right {
			clusters[i].Sum++
		}
	}
	return clusters
}
