package metric

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// ImagesAPrompt is the protocol's line that says how many images of each prompt a
// diversity is of.
const ImagesAPrompt = "images a prompt"

// DiversityInput is the features of a model's images and of the baseline's of the same
// prompts.
type DiversityInput struct {
	Model     string
	Choice    record.Choice // record.OtherDraws: real images stand for a model's
	Baseline  string        // empty: the model is compared with none
	Encoder   string
	Component string // what Encoder is, with its weights; optional

	Features, BaselineFeatures ImageFeatures

	Seed uint64 // of random sign flips
}

// Diversity measures how unlike each other a model's images of one prompt are, which
// tuning for a reward may cost. With x_1 … x_n the features of a prompt's images,
// brought to length 1, and K_ij = x_i·x_j their cosine similarities:
//
//	pairwise_distance   1/(n(n-1)) sum over i ≠ j of ( 1 - K_ij )
//	vendi_score         exp( - sum over i of λ_i log λ_i ), λ the eigenvalues of K/n
//
// The second is of Friedman and Dieng 2023, The Vendi Score, definition 3.1: how many
// images, all unlike, would be as diverse; 1 if all are the same, and at most n. Both are
// means over prompts, each of which weighs the same: overall, by split, by category, and
// by both. Against the baseline also their differences with the p values of sign-flip
// tests over prompts.
//
// The mean distance does not depend on n but for chance; the Vendi score grows with it,
// so that only prompts of equally many images are compared by it. A prompt of a single
// image shows nothing and is left out. More diverse is not better by itself: images that
// miss their prompt differ, too.
//
// A feature that is NaN or infinite is an error that names its image.
func Diversity(in DiversityInput) ([]record.Metric, []dataset.PromptValue, error) {
	m := record.Metric{
		Subject: in.Model, Choice: in.Choice, Encoder: in.Encoder,
		Protocol: map[string]string{"encoder": in.Encoder, "similarity": "cosine of features, within a prompt"},
	}
	if in.Component != "" {
		m.Protocol["component"] = in.Component
	}
	model, err := setOf(in.Model, in.Features)
	if err != nil {
		return nil, nil, err
	}
	baseline, err := setOf(in.Baseline, in.BaselineFeatures)
	if err != nil {
		return nil, nil, err
	}
	for _, set := range []featureSet{model, baseline} {
		if why := set.undirected(); why != "" {
			return in.nothing(m, why), nil, nil
		}
	}
	prompts, err := diversities(model)
	if err != nil {
		return nil, nil, err
	}
	theirs, err := diversities(baseline)
	if err != nil {
		return nil, nil, err
	}
	several := prompts.several()
	switch {
	case !model.prompted():
		return in.nothing(m, "the prompts of the images are not known"), nil, nil
	case len(several) == 0:
		return in.nothing(m, "no prompt has two images, and diversity is that between images of a prompt"), nil, nil
	}
	m.Protocol[ImagesAPrompt] = several.sizes()
	if single := len(prompts) - len(several); single > 0 {
		m.Protocol["left out"] = fmt.Sprintf("%d of %d prompts, which have one image", single, len(prompts))
	}
	d := diversity{in: in, base: m, e: newEstimator(in.Seed, promptKeysOf(several, diversePromptKey))}
	first, second := several.paired(theirs.several())
	for _, q := range diversityQuantities {
		d.measure(q, several)
		if in.Baseline != "" {
			d.compare(q, first, second)
		}
	}
	return d.metrics, d.values, nil
}

// diversityQuantity is one number of a prompt, with the names of its metrics.
type diversityQuantity struct {
	name, difference, p string
	of                  func(diversePrompt) float64
	least               float64
	most                func(images int) float64 // of so many images
	grows               bool                     // with the number of images
}

var diversityQuantities = []diversityQuantity{
	{
		PairwiseDistance, PairwiseDistanceDifference, PairwiseDistanceDifferenceP,
		func(p diversePrompt) float64 { return p.distance }, 0, func(int) float64 { return 2 }, false,
	},
	{
		VendiScore, VendiScoreDifference, VendiScoreDifferenceP,
		func(p diversePrompt) float64 { return p.vendi }, 1, func(images int) float64 { return float64(images) }, true,
	},
}

// diversity is the metrics of one model while they are made.
type diversity struct {
	in      DiversityInput
	base    record.Metric // what all have
	e       estimator
	metrics []record.Metric
	values  []dataset.PromptValue
}

// measure adds a number of the model's prompts. Its interval is that of numbers between
// two ends: near the lower one, as of images that are nearly all alike, few prompts are
// above most others, as shares are.
func (d *diversity) measure(q diversityQuantity, prompts diversePrompts) {
	span := q.spanOf(prompts)
	for _, s := range scopes(promptKeysOf(prompts, diversePromptKey)) {
		inside := diversePrompts(within(prompts, s, diversePromptKey))
		m := d.e.bounded(as(at(d.base, s), q.name), d.clusters(inside, q, span))
		m = stretched(m, q.least, span)
		m.N = inside.images()
		d.metrics = append(d.metrics, m)
	}
	for _, p := range prompts {
		d.values = append(d.values, promptValue(d.base, q.name, p.promptKey, q.of(p), p.images))
	}
}

// compare adds the differences between the prompts of the model and the same ones of
// the baseline.
func (d *diversity) compare(q diversityQuantity, first, second diversePrompts) {
	base := d.base
	base.Versus = d.in.Baseline
	if q.grows {
		if a, b := first.equallyMany(second); len(a) < len(first) {
			base.Note = fmt.Sprintf("%d of %d prompts have another number of images of %s and are left out", len(first)-len(a), len(first), d.in.Baseline)
			first, second = a, b
		}
	}
	span := q.spanOf(first)
	for _, s := range scopes(promptKeysOf(first, diversePromptKey)) {
		a := diversePrompts(within(first, s, diversePromptKey))
		b := diversePrompts(within(second, s, diversePromptKey))
		m := d.e.difference(as(at(base, s), q.difference), d.clusters(a, q, span), d.clusters(b, q, span))
		m = stretched(m, 0, span)
		m.N = a.images()
		p := as(at(base, s), q.p)
		p.N, p.Clusters = m.N, m.Clusters
		differences := make([]float64, len(a))
		for i := range a {
			differences[i] = q.of(a[i]) - q.of(b[i])
		}
		d.metrics = append(d.metrics, m, d.e.signFlip(p, differences))
	}
}

// spanOf is from the least that a number of such prompts can be to the most.
func (q diversityQuantity) spanOf(prompts diversePrompts) float64 {
	span := 0.0
	for _, p := range prompts {
		span = max(span, q.most(p.images)-q.least)
	}
	return span
}

// clusters are prompts, each of which weighs the same, with numbers between 0 and 1.
func (d *diversity) clusters(prompts diversePrompts, q diversityQuantity, span float64) []stats.Cluster {
	var all []stats.Cluster
	for _, p := range prompts {
		all = append(all, d.e.in(p.promptKey, stats.Cluster{Sum: (q.of(p) - q.least) / span, N: 1}))
	}
	return all
}

// stretched is a metric whose numbers from 0 to 1 are brought back to their own scale.
func stretched(m record.Metric, least, span float64) record.Metric {
	for _, number := range []**float64{&m.Value, &m.Low, &m.High} {
		if *number != nil {
			x := least + span**(*number)
			*number = &x
		}
	}
	return m
}

// nothing is every metric over all prompts without a value.
func (in DiversityInput) nothing(m record.Metric, why string) []record.Metric {
	var metrics []record.Metric
	for _, q := range diversityQuantities {
		metrics = append(metrics, without(as(m, q.name), why))
		if in.Baseline != "" {
			against := m
			against.Versus = in.Baseline
			metrics = append(metrics, without(as(against, q.difference), why), without(as(against, q.p), why))
		}
	}
	return metrics
}

// diversePrompt is how diverse the images of a prompt are.
type diversePrompt struct {
	promptKey
	images          int
	distance, vendi float64 // of a prompt with several images
}

type diversePrompts []diversePrompt // sorted by prompt

func diversePromptKey(p diversePrompt) promptKey { return p.promptKey }

// diversities measures each prompt of a set, whose rows are sorted by prompt.
func diversities(set featureSet) (all diversePrompts, err error) {
	for from, to := 0, 0; from < set.images(); from = to {
		for to = from; to < set.images() && set.keys[to] == set.keys[from]; to++ {
		}
		p := diversePrompt{promptKey: set.keys[from], images: to - from}
		if p.images > 1 {
			x := directions(set.x.Slice(from, to, 0, set.width()))
			p.distance = pairwiseDistance(x)
			if p.vendi, err = vendiOfFeatures(x); err != nil {
				return nil, fmt.Errorf("features of %s, %d images of %q: %w", set.name, p.images, p.prompt, err)
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// several are the prompts that have at least two images.
func (all diversePrompts) several() diversePrompts {
	var kept diversePrompts
	for _, p := range all {
		if p.images > 1 {
			kept = append(kept, p)
		}
	}
	return kept
}

func (all diversePrompts) images() (n int) {
	for _, p := range all {
		n += p.images
	}
	return n
}

// sizes is how many images the prompts have, in words.
func (all diversePrompts) sizes() string {
	fewest, most := all[0].images, all[0].images
	for _, p := range all {
		fewest, most = min(fewest, p.images), max(most, p.images)
	}
	if fewest == most {
		return fmt.Sprint(most)
	}
	return fmt.Sprintf("%d to %d", fewest, most)
}

// paired keeps the prompts that both sides have, in the same order.
func (all diversePrompts) paired(others diversePrompts) (a, b diversePrompts) {
	other := map[promptKey]diversePrompt{}
	for _, p := range others {
		other[p.promptKey] = p
	}
	for _, p := range all {
		if match, ok := other[p.promptKey]; ok {
			a, b = append(a, p), append(b, match)
		}
	}
	return a, b
}

// equallyMany keeps the pairs of prompts that have as many images on either side.
func (all diversePrompts) equallyMany(others diversePrompts) (a, b diversePrompts) {
	for i, p := range all {
		if p.images == others[i].images {
			a, b = append(a, p), append(b, others[i])
		}
	}
	return a, b
}

// undirected names an image whose feature has no direction; empty: all have one.
func (s featureSet) undirected() string {
	if s.x == nil {
		return ""
	}
	for i, length := range norms(s.x) {
		if length == 0 {
			return fmt.Sprintf("a feature of length 0 has no direction: image %q of %s", s.ids[i], s.name)
		}
	}
	return ""
}

// directions is features brought to length 1.
func directions(x mat.Matrix) *mat.Dense {
	unit := mat.DenseCopyOf(x) // [images, width]
	for i, squared := range norms(unit) {
		row := unit.RawRowView(i)
		for j := range row {
			row[j] /= math.Sqrt(squared)
		}
	}
	return unit
}

// pairwiseDistance is 1 less the mean cosine similarity of two different rows of length
// 1, from the length of their sum: |sum over i of x_i|² = n + sum over i ≠ j of x_i·x_j.
func pairwiseDistance(x *mat.Dense) float64 {
	rows, width := x.Dims()
	n := float64(rows)
	var squared float64
	for j := range width {
		sum := mat.Sum(x.ColView(j))
		squared += sum * sum
	}
	return withoutRounding(1 - (squared-n)/(n*(n-1)))
}

// withoutRounding is a number that is never negative, without what sums of doubles leave
// of a zero: features, of single precision, show no less.
func withoutRounding(x float64) float64 {
	if x < 1e-12 {
		return 0
	}
	return x
}

// vendiOfFeatures is the Vendi score of rows of length 1 by their cosine similarities.
// X Xᵀ and Xᵀ X have the same eigenvalues but for zeros; the smaller one is taken.
func vendiOfFeatures(x *mat.Dense) (float64, error) {
	rows, width := x.Dims()
	var k mat.SymDense
	if rows <= width {
		k.SymOuterK(1, x)
	} else {
		k.SymOuterK(1, x.T())
	}
	return vendi(&k, rows)
}

// vendi is the Vendi score of n items from a matrix that has the eigenvalues of their
// similarities K, K_ii = 1; further ones are zero.
func vendi(k mat.Symmetric, n int) (float64, error) {
	var eigen mat.EigenSym
	if !eigen.Factorize(k, false) {
		return 0, fmt.Errorf("the eigenvalues of the similarities of %d images do not converge", n)
	}
	var entropy float64
	for _, value := range eigen.Values(nil) {
		if value /= float64(n); value > 0 { // 0 log 0 = 0; below zero is rounding
			entropy -= value * math.Log(value)
		}
	}
	return min(float64(n), 1+withoutRounding(math.Expm1(entropy))), nil
}
