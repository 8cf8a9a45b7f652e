package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Distances of features whose distribution is known. The truth is how much farther from
// real the model is than the baseline, which is not real either; with 0 they draw alike.
// Of real images against real ones all distances are 0.
var (
	distances     = scenario{"distances, width 8", []int{4, 8, 15, 30, 88}, []float64{0, 1}, []float64{0.5}, fartherThanBaseline(8)}
	wideDistances = scenario{"distances, width 24", []int{60}, []float64{1}, []float64{0.5}, fartherThanBaseline(24)}
	realDistances = scenario{"distances of real images, width 8", []int{15, 30, 88}, []float64{0}, []float64{0.5}, func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		w := newFeatureWorld(8, c)
		return w.measured(realModel, realModel)
	}}
)

func fartherThanBaseline(width int) func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
	return func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		w := newFeatureWorld(width, c)
		baseline := featureModel{shift: 0.5, shrink: 0.9, noise: 1.1}
		model := baseline
		if c.truth > 0 {
			model = featureModel{shift: 0.5 + 0.3*c.truth, shrink: 0.9 - 0.1*c.truth, noise: 1.15}
		}
		return w.measured(model, baseline)
	}
}

// featureWorld is Gaussian features. Of prompt p in stratum s, with m the stratum's mean
// and u_p ~ N(0, I), image i has
//
//	real:    m_s + across u_p + within e_i                          e_i ~ N(0, I)
//	a model: shift + shrink (m_s + across u_p) + noise within e_i
//
// across² is the likeness of the images of a prompt, and across² + within² = 2.
type featureWorld struct {
	width, prompts int
	strata         []int
	means          [][]float64
	across, within float64
}

// featureModel is how a model's images differ from real ones: by a shift of its length,
// along the diagonal, and in spread.
type featureModel struct{ shift, shrink, noise float64 }

// realModel draws real images.
var realModel = featureModel{shrink: 1, noise: 1}

// Images of a prompt that a model draws, and that the reference has.
const modelImages, referenceImages = 4, 8

func newFeatureWorld(width int, c cell) featureWorld {
	w := featureWorld{width: width, prompts: c.size, across: math.Sqrt(2 * c.likeness), within: math.Sqrt(2 - 2*c.likeness)}
	random := rand.New(rand.NewPCG(1, uint64(width)))
	shares := []int{5, 17, 4, 11, 5, 11, 11, 24} // of the quickstart's 88 prompts, by category and split
	left := c.size
	for i, share := range shares {
		n := min(left, share*c.size/88)
		if i == len(shares)-1 {
			n = left
		}
		left -= n
		mean := make([]float64, width)
		for j := range mean {
			mean[j] = 0.5 * random.NormFloat64()
		}
		w.strata, w.means = append(w.strata, n), append(w.means, mean)
	}
	return w
}

// measured is what is true of a model against a baseline, and an experiment with both.
func (w featureWorld) measured(model, baseline featureModel) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
	truth := map[string]float64{
		metric.KID:           w.kid(model),
		metric.FIDDifference: w.fid(model) - w.fid(baseline),
		metric.KIDDifference: w.kid(model) - w.kid(baseline),
	}
	if model == baseline { // else nobody knows it: features of length 1 are no Gaussians
		truth[metric.CMMDDifference] = 0
	}
	return truth, func(random *rand.Rand) ([]record.Metric, error) {
		reference, of := w.draw(random, model, baseline)
		return metrics(metric.Fidelity(metric.FidelityInput{
			Model: "model", Baseline: "baseline", Reference: "world", Encoder: "gaussian", Seed: random.Uint64(),
			Features: of[0], BaselineFeatures: of[1], ReferenceFeatures: reference,
		}))
	}
}

// fid is the distance of all that a model can draw from all real images. Their
// covariances have the same axes, those of the covariance of the strata's means, along
// which the variances are l and r:
//
//	d² = |mean - mean|² + sum over axes of ( sqrt l - sqrt r )²
func (w featureWorld) fid(m featureModel) float64 {
	between := mat.NewSymDense(w.width, nil)
	middle := mat.NewVecDense(w.width, nil)
	for s, n := range w.strata {
		mean := mat.NewVecDense(w.width, w.means[s])
		between.SymRankOne(between, float64(n)/float64(w.prompts), mean)
		middle.AddScaledVec(middle, float64(n)/float64(w.prompts), mean)
	}
	between.SymRankOne(between, -1, middle)
	var axes mat.EigenSym
	if !axes.Factorize(between, false) {
		panic("the covariance of the strata has no axes")
	}
	var distance float64
	for _, b := range axes.Values(nil) {
		model := m.shrink*m.shrink*(b+w.across*w.across) + m.noise*m.noise*w.within*w.within
		distance += math.Pow(math.Sqrt(model)-math.Sqrt(b+2), 2)
	}
	for j := range w.width {
		distance += math.Pow(m.shift/math.Sqrt(float64(w.width))+(m.shrink-1)*middle.AtVec(j), 2)
	}
	return distance
}

// kid is the discrepancy of all that a model can draw from all real images. For x of
// N(m, s I) and y of N(n, t I), independent, in d dimensions, with z = x·y/d:
//
//	E (z + 1)³ = 1 + 3 E z + 3 E z² + E z³
//	d E z = m·n    d² E z² = s t d + t |m|² + s |n|² + (m·n)²
//	d³ E z³ = (m·n)³ + 3 (m·n)(s t d + t |m|² + s |n|²) + 6 s t (m·n)
func (w featureWorld) kid(m featureModel) float64 {
	d := float64(w.width)
	kernel := func(a, b featureModel) float64 {
		variance := func(m featureModel) float64 {
			return m.shrink*m.shrink*w.across*w.across + m.noise*m.noise*w.within*w.within
		}
		s, t := variance(a), variance(b)
		var sum float64
		for g, p := range w.strata {
			for h, q := range w.strata {
				var mn, mm, nn float64
				for j := range w.width {
					m := a.shift/math.Sqrt(d) + a.shrink*w.means[g][j]
					n := b.shift/math.Sqrt(d) + b.shrink*w.means[h][j]
					mn, mm, nn = mn+m*n, mm+m*m, nn+n*n
				}
				second := s*t*d + t*mm + s*nn
				e := 1 + 3*mn/d + 3*(second+mn*mn)/(d*d) + (mn*mn*mn+3*mn*second+6*s*t*mn)/(d*d*d)
				sum += e * float64(p) * float64(q) / float64(w.prompts*w.prompts)
			}
		}
		return sum
	}
	return kernel(m, m) + kernel(realModel, realModel) - 2*kernel(m, realModel)
}

// draw makes up the images of an experiment: real ones and each model's, of the same
// prompts.
func (w featureWorld) draw(random *rand.Rand, models ...featureModel) (reference metric.ImageFeatures, of []metric.ImageFeatures) {
	of = make([]metric.ImageFeatures, len(models))
	prompt := make([]float64, w.width)
	prompts := 0
	for s, n := range w.strata {
		for range n {
			text := fmt.Sprintf("prompt %d", prompts)
			prompts++
			for j := range prompt {
				prompt[j] = w.means[s][j] + w.across*random.NormFloat64()
			}
			images := func(to *metric.ImageFeatures, m featureModel, n int) {
				for i := range n {
					vector := make([]float32, w.width)
					for j := range vector {
						vector[j] = float32(m.shift/math.Sqrt(float64(w.width)) + m.shrink*prompt[j] + m.noise*w.within*random.NormFloat64())
					}
					id := fmt.Sprintf("%s/%d", text, i)
					to.Rows = append(to.Rows, table.Feature{ImageID: id, Vector: vector})
					to.Images = append(to.Images, table.Image{ID: id, Prompt: text, Category: fmt.Sprint(s)})
				}
			}
			images(&reference, realModel, referenceImages)
			for i, m := range models {
				images(&of[i], m, modelImages)
			}
		}
	}
	return reference, of
}
