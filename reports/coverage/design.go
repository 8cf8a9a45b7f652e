package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// images is how many images a prompt has.
const images = 4

// stratum is a category and split of prompts. share is its part of all prompts, as in
// experiments/quickstart.hcl, and shift by how much the logit of its truth is above
// the others'.
type stratum struct {
	category, split string
	share, shift    float64
	prompts         int
}

// design is the strata with the prompts that are drawn in each.
type design []stratum

// designOf draws prompts in proportion to the strata, by largest remainder, with at
// least one in each where there are enough.
func designOf(prompts int) design {
	d := design{
		{"background", "seen", 16, 0.4, 0}, {"background", "unseen", 8, 0.1, 0},
		{"color", "seen", 24, 0.8, 0}, {"color", "unseen", 12, 0.5, 0},
		{"combination", "seen", 40, -0.2, 0}, {"combination", "unseen", 20, -0.5, 0},
		{"count", "seen", 12, -0.9, 0}, {"count", "unseen", 6, -1.2, 0},
	}
	var whole float64
	for _, s := range d {
		whole += s.share
	}
	left := prompts
	for i := range d {
		d[i].prompts = int(float64(prompts) * d[i].share / whole)
		left -= d[i].prompts
	}
	for ; left > 0; left-- {
		d[d.argmax(func(s stratum) float64 { return float64(prompts)*s.share/whole - float64(s.prompts) })].prompts++
	}
	for i := range d {
		if d[i].prompts == 0 && prompts >= len(d) {
			d[d.argmax(func(s stratum) float64 { return float64(s.prompts) })].prompts--
			d[i].prompts++
		}
	}
	return d
}

func (d design) argmax(of func(stratum) float64) int {
	best := 0
	for i := range d {
		if of(d[i]) > of(d[best]) {
			best = i
		}
	}
	return best
}

// truths is the strata's shares, apart by their shifts times spread, whose mean over
// the prompts as they are drawn is mean.
func (d design) truths(mean, spread float64) []float64 {
	shares := make([]float64, len(d))
	low, high := -20.0, 20.0
	for range 200 {
		middle := (low + high) / 2
		var sum, n float64
		for i, s := range d {
			shares[i] = 1 / (1 + math.Exp(-middle-spread*s.shift))
			sum += shares[i] * float64(s.prompts)
			n += float64(s.prompts)
		}
		if sum/n < mean {
			low = middle
		} else {
			high = middle
		}
	}
	return shares
}

// prompt is a prompt that was drawn.
type prompt struct {
	text, category, split string
	stratum               int // its position in the design
}

func (d design) draw() []prompt {
	var all []prompt
	for h, s := range d {
		for i := range s.prompts {
			all = append(all, prompt{fmt.Sprintf("%s %s %d", s.category, s.split, i), s.category, s.split, h})
		}
	}
	return all
}

func (p prompt) image(i int) string { return fmt.Sprintf("%s/%d", p.text, i) }

// ease is a prompt's own share in a stratum with a mean: the images of a prompt are
// correlated by likeness. Beta distributed, between all the same (0) and all or
// nothing (1).
func ease(random *rand.Rand, mean, likeness float64) float64 {
	switch {
	case likeness == 0 || mean == 0 || mean == 1:
		return mean
	case likeness == 1:
		return indicator(random.Float64() < mean)
	}
	size := (1 - likeness) / likeness
	// Shapes far below 1 round to 0 and 1, where the distribution is.
	return min(1, max(0, distuv.Beta{Alpha: mean * size, Beta: (1 - mean) * size, Src: random}.Rand()))
}

// noise is standard normal and correlated by likeness with others of the same shared part.
func noise(random *rand.Rand, shared, likeness float64) float64 {
	return math.Sqrt(likeness)*shared + math.Sqrt(1-likeness)*random.NormFloat64()
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// moved is a share whose logit is moved.
func moved(share, by float64) float64 {
	return 1 / (1 + (1-share)/share*math.Exp(-by))
}
