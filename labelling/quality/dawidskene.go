package quality

import "math"

// Consensus is what raters say together, by the model of Dawid and Skene (1979), Maximum
// Likelihood Estimation of Observer Error-Rates Using the EM Algorithm: every item is of
// one category, and a rater answers an item of category j by l with a probability that is
// the rater's own.
type Consensus struct {
	Items         [][]float64   // by item the probability of each category (equation 2.5)
	Shares        []float64     // of each category among the items (equation 2.4)
	Errors        [][][]float64 // by rater, from category j to answer l (equation 2.3)
	LogLikelihood float64
	Steps         int
}

const (
	mostEMSteps = 2000
	// settled is the change of the log likelihood, as a share of it, that ends EM.
	settled = 1e-10
)

// DawidSkene fits the model by EM, from the shares of answers as the first guess, as the
// paper does. prior is added to the count of every answer of every rater, as if they had
// answered so often each way: 0 is the paper's maximum likelihood, which takes a rater of
// few answers for infallible.
func DawidSkene(v Votes, prior float64) (Consensus, error) {
	if len(v.All) == 0 {
		return Consensus{}, ErrAlone
	}
	c := Consensus{Items: v.counts(), LogLikelihood: math.Inf(-1)}
	for _, shares := range c.Items {
		normalise(shares)
	}
	for c.Steps = 1; c.Steps <= mostEMSteps; c.Steps++ {
		c.maximise(v, prior)
		before := c.LogLikelihood
		c.expect(v)
		if c.LogLikelihood-before <= settled*math.Abs(c.LogLikelihood) {
			break
		}
	}
	return c, nil
}

// normalise has numbers sum to 1; where they are all 0 they become equal.
func normalise(numbers []float64) {
	var sum float64
	for _, x := range numbers {
		sum += x
	}
	for i := range numbers {
		if sum > 0 {
			numbers[i] /= sum
		} else {
			numbers[i] = 1 / float64(len(numbers))
		}
	}
}

// maximise finds the shares and the errors from the items. Items without an answer say
// nothing of the shares.
func (c *Consensus) maximise(v Votes, prior float64) {
	answered := make([]bool, v.Items)
	c.Errors = make([][][]float64, v.Raters)
	for rater := range c.Errors {
		c.Errors[rater] = make([][]float64, v.Categories)
		for j := range c.Errors[rater] {
			c.Errors[rater][j] = make([]float64, v.Categories)
			for l := range c.Errors[rater][j] {
				c.Errors[rater][j][l] = prior
			}
		}
	}
	for _, vote := range v.All {
		answered[vote.Item] = true
		for j, p := range c.Items[vote.Item] {
			c.Errors[vote.Rater][j][vote.Category] += p
		}
	}
	for _, errors := range c.Errors {
		for _, row := range errors {
			normalise(row)
		}
	}
	c.Shares = make([]float64, v.Categories)
	for item, yes := range answered {
		if yes {
			for j, p := range c.Items[item] {
				c.Shares[j] += p
			}
		}
	}
	normalise(c.Shares)
}

// expect finds the items, and the likelihood, from the shares and the errors.
func (c *Consensus) expect(v Votes) {
	logs := make([][]float64, v.Items)
	answered := make([]bool, v.Items)
	for item := range logs {
		logs[item] = make([]float64, v.Categories)
		for j, share := range c.Shares {
			logs[item][j] = math.Log(share)
		}
	}
	for _, vote := range v.All {
		answered[vote.Item] = true
		for j := range logs[vote.Item] {
			logs[vote.Item][j] += math.Log(c.Errors[vote.Rater][j][vote.Category])
		}
	}
	c.LogLikelihood = 0
	for item, of := range logs {
		most := math.Inf(-1)
		for _, x := range of {
			most = max(most, x)
		}
		var sum float64
		for j, x := range of {
			c.Items[item][j] = math.Exp(x - most)
			sum += c.Items[item][j]
		}
		normalise(c.Items[item])
		if answered[item] {
			c.LogLikelihood += most + math.Log(sum)
		}
	}
}

// Accuracy is the probability that a rater gives an item's category: the sum over
// categories of their share and the rater's chance to be right there.
func (c Consensus) Accuracy(rater int) float64 {
	var sum float64
	for j, share := range c.Shares {
		sum += share * c.Errors[rater][j][j]
	}
	return sum
}
