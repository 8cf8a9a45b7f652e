package stats

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// ErrApart means that some of what is compared wins, or loses, every comparison with all
// the others but for ties, or is compared with none of them: its strength has no bound.
var ErrApart = errors.New("some win or lose every comparison with the others")

// Outcome is how a comparison of two came out.
type Outcome int

// The outcomes.
const (
	FirstWins Outcome = iota
	SecondWins
	Tie
)

// Comparison is one comparison of two of several contestants, which count from 0. Those
// of one cluster, such as a prompt, may resemble each other.
type Comparison struct {
	First, Second int
	Outcome       Outcome
	Weight        float64 // above 0: how much it counts, such as 1/9 of each of nine raters' choices
	Cluster       int
}

// Strengths are how strong contestants are, on the scale of log odds, by the model of
// Bradley and Terry (1952) with Davidson's (1970) ties. With π = exp of the strength,
//
//	P(i wins against j) = π_i / D,   P(tie) = ν √(π_i π_j) / D
//	D = π_i + π_j + ν √(π_i π_j)
type Strengths struct {
	Log  []float64 // by contestant; their mean is 0
	Ties float64   // ν; 0 if there are no ties
	// moves are how far each cluster moves each strength, and last log ν.
	moves [][]float64
	// inverse is of the information of the strengths and log ν.
	inverse *mat.Dense
}

const (
	mostBradleyTerrySteps = 100
	bradleyTerryStep      = 1e-10 // the size of a step that changes nothing any more
)

// BradleyTerry fits the strengths of contestants by maximum likelihood, which is concave
// in the strengths and log ν: Newton's method, halved where a step is too long. clusters
// is how many clusters there are. Without a finite maximum it returns ErrApart.
func BradleyTerry(contestants, clusters int, comparisons []Comparison) (*Strengths, error) {
	ties := 0
	for _, c := range comparisons {
		if c.Outcome == Tie {
			ties++
		}
	}
	if len(comparisons) == ties || !connected(contestants, comparisons) || ties > 0 && ladder(contestants, comparisons) {
		return nil, ErrApart
	}
	f := bradleyTerry{contestants: contestants, comparisons: comparisons, tied: ties > 0, at: make([]float64, contestants+1)}
	here := f.likelihood(f.at)
	for range mostBradleyTerrySteps {
		gradient, information := f.derivatives()
		var step mat.VecDense
		if err := step.SolveVec(information, gradient); err != nil {
			return nil, ErrApart
		}
		longest := mat.Norm(&step, math.Inf(1))
		for scale := 1.0; ; scale /= 2 {
			next := make([]float64, len(f.at))
			for i := range next {
				next[i] = f.at[i] + scale*step.AtVec(i)
			}
			if there := f.likelihood(next); there >= here-1e-9*math.Abs(here) || scale < 1e-6 {
				f.at, here = next, there
				break
			}
		}
		if longest < bradleyTerryStep {
			return f.strengths(clusters)
		}
	}
	return nil, ErrApart
}

// connected reports whether from every contestant a chain of wins and ties leads to
// every other one, which is when the strengths are finite (Ford 1957).
func connected(contestants int, comparisons []Comparison) bool {
	for _, reversed := range []bool{false, true} {
		beats := make([][]int, contestants)
		for _, c := range comparisons {
			first, second := c.First, c.Second
			if reversed {
				first, second = second, first
			}
			if c.Outcome != SecondWins {
				beats[first] = append(beats[first], second)
			}
			if c.Outcome != FirstWins {
				beats[second] = append(beats[second], first)
			}
		}
		reached := make([]bool, contestants)
		var visit func(int)
		visit = func(i int) {
			if !reached[i] {
				reached[i] = true
				for _, j := range beats[i] {
					visit(j)
				}
			}
		}
		visit(0)
		for _, yes := range reached {
			if !yes {
				return false
			}
		}
	}
	return true
}

// ladder reports whether the contestants can stand on a line so that whoever wins stands
// at least a step above, and those who tie at most a step apart. Then the likelihood has
// no maximum: it grows with the length of the step, if log ν grows by half of it. A cycle
// of steps whose lengths add up to less than none says that they cannot (Bellman 1958).
func ladder(contestants int, comparisons []Comparison) bool {
	type step struct {
		from, to int
		most     float64 // to stands at most so much above from
	}
	steps := map[step]bool{}
	for _, c := range comparisons {
		switch c.Outcome {
		case FirstWins:
			steps[step{c.First, c.Second, -1}] = true
		case SecondWins:
			steps[step{c.Second, c.First, -1}] = true
		case Tie:
			steps[step{c.First, c.Second, 1}], steps[step{c.Second, c.First, 1}] = true, true
		}
	}
	heights := make([]float64, contestants)
	for range contestants {
		moved := false
		for s := range steps {
			if height := heights[s.from] + s.most; height < heights[s.to] {
				heights[s.to], moved = height, true
			}
		}
		if !moved {
			return true
		}
	}
	return false
}

// bradleyTerry is the fit while it is made. Its parameters are the strengths and log ν.
type bradleyTerry struct {
	contestants int
	comparisons []Comparison
	tied        bool
	at          []float64
}

// chances are the probabilities of the outcomes of two contestants.
func (f *bradleyTerry) chances(at []float64, i, j int) (first, second, tie float64) {
	a, b := at[i], at[j]
	most := max(a, b)
	first, second = math.Exp(a-most), math.Exp(b-most)
	if f.tied {
		tie = math.Exp(at[f.contestants] + (a+b)/2 - most)
	}
	sum := first + second + tie
	return first / sum, second / sum, tie / sum
}

func (f *bradleyTerry) likelihood(at []float64) float64 {
	var sum float64
	for _, c := range f.comparisons {
		first, second, tie := f.chances(at, c.First, c.Second)
		sum += c.Weight * math.Log([]float64{first, second, tie}[c.Outcome])
	}
	return sum
}

// score is how a comparison pulls at the parameters: at its first contestant, the other
// way at its second, and at log ν.
func (f *bradleyTerry) score(c Comparison) (strength, ties float64) {
	first, _, tie := f.chances(f.at, c.First, c.Second)
	strength = []float64{1, 0, 0.5}[c.Outcome] - first - tie/2
	if c.Outcome == Tie {
		ties = 1
	}
	return c.Weight * strength, c.Weight * (ties - tie)
}

// derivatives are the gradient of the log likelihood, and its information. Only
// differences of strengths are in the model: the information gets a 1 in the direction
// of their mean, which the gradient has nothing in, so that the mean stays 0; and so does
// log ν where there are no ties.
func (f *bradleyTerry) derivatives() (*mat.VecDense, *mat.Dense) {
	n, at := f.contestants, f.contestants
	gradient, information := mat.NewVecDense(n+1, nil), mat.NewDense(n+1, n+1, nil)
	add := func(i, j int, value float64) { information.Set(i, j, information.At(i, j)+value) }
	for _, c := range f.comparisons {
		i, j := c.First, c.Second
		strength, ties := f.score(c)
		gradient.SetVec(i, gradient.AtVec(i)+strength)
		gradient.SetVec(j, gradient.AtVec(j)-strength)
		gradient.SetVec(at, gradient.AtVec(at)+ties)
		// The variance of 1, 0 and 1/2 for a win, a loss and a tie, of a tie's 1, and
		// their covariance.
		first, _, tie := f.chances(f.at, i, j)
		mean := first + tie/2
		own := c.Weight * (first + tie/4 - mean*mean)
		with := c.Weight * (tie/2 - mean*tie)
		add(i, i, own)
		add(j, j, own)
		add(i, j, -own)
		add(j, i, -own)
		add(i, at, with)
		add(at, i, with)
		add(j, at, -with)
		add(at, j, -with)
		add(at, at, c.Weight*tie*(1-tie))
	}
	for i := range n {
		for j := range n {
			add(i, j, 1)
		}
	}
	if !f.tied {
		add(at, at, 1)
	}
	return gradient, information
}

// strengths is the result, with how far each cluster moves it: the inverse of the
// information times the pull of the cluster's comparisons.
func (f *bradleyTerry) strengths(clusters int) (*Strengths, error) {
	n := f.contestants
	s := &Strengths{Log: f.at[:n], inverse: mat.NewDense(n+1, n+1, nil)}
	if f.tied {
		s.Ties = math.Exp(f.at[n])
	}
	_, information := f.derivatives()
	if err := s.inverse.Inverse(information); err != nil {
		return nil, ErrApart
	}
	pulls := make([]*mat.VecDense, clusters)
	for i := range pulls {
		pulls[i] = mat.NewVecDense(n+1, nil)
	}
	for _, c := range f.comparisons {
		strength, ties := f.score(c)
		pull := pulls[c.Cluster]
		pull.SetVec(c.First, pull.AtVec(c.First)+strength)
		pull.SetVec(c.Second, pull.AtVec(c.Second)-strength)
		pull.SetVec(n, pull.AtVec(n)+ties)
	}
	for _, pull := range pulls {
		var move mat.VecDense
		move.MulVec(s.inverse, pull)
		s.moves = append(s.moves, move.RawVector().Data)
	}
	return s, nil
}

// Of is the interval of a contestant's strength beside the mean of all, over clusters:
// the sandwich of White (1982) with the pulls of clusters in its middle, and the degrees
// of freedom of Variance.
func (s *Strengths) Of(contestant int, strata []int, level float64) (Interval, error) {
	influences := make([]float64, len(s.moves))
	for cluster, move := range s.moves {
		influences[cluster] = move[contestant]
	}
	return Linearised(s.Log[contestant], influences, strata, level)
}

// Difference is the interval of how much stronger the first contestant is than the
// second, over clusters, as Of is, and the two-sided p value of its t test.
func (s *Strengths) Difference(first, second int, strata []int, level float64) (interval Interval, p float64, err error) {
	influences := make([]float64, len(s.moves))
	for cluster, move := range s.moves {
		influences[cluster] = move[first] - move[second]
	}
	v, degrees, err := Variance(influences, strata)
	if err != nil {
		return Interval{}, 0, err
	}
	difference := Estimate{Value: s.Log[first] - s.Log[second], Error: math.Sqrt(v), Degrees: degrees}
	if difference.Error <= 1e-12*max(1, math.Abs(difference.Value)) {
		return Interval{}, 0, ErrNoSpread
	}
	return difference.Interval(level), difference.P(), nil
}

// ModelError is the standard error of a contestant's strength if comparisons of one
// cluster did not resemble each other: that of the model alone, with weights of 1.
func (s *Strengths) ModelError(contestant int) float64 {
	// The 1 in the direction of the mean is n² of information on it, 1/n² of variance.
	n := float64(len(s.Log))
	return math.Sqrt(s.inverse.At(contestant, contestant) - 1/(n*n))
}
