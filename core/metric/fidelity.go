package metric

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// fewestPrompts is the fewest prompts that make an interval of a distance: with
// fewer, what is left of a skewed distribution shows.
const fewestPrompts = 10

// FidelityInput is the features of a model's images, of the baseline's of the same
// prompts, and of real images.
type FidelityInput struct {
	Model     string
	Choice    record.Choice // record.OtherDraws: real images stand for a model's
	Baseline  string        // empty: the model is compared with none
	Reference string
	Encoder   string
	Component string   // what Encoder is, with its weights; optional
	AlsoRead  []string // rewards that read the same features

	Features, BaselineFeatures, ReferenceFeatures ImageFeatures

	Seed uint64 // of groups, subsets, and what is held out
}

// Fidelity measures how far the features of a model's images are from those of
// real images, for all prompts together: fid (frechet), kid (cubic) and cmmd
// (gaussian), and how much farther than the baseline's: fid_difference,
// kid_difference and cmmd_difference, with p.
//
// Distances depend on how many images there are: only those of equally many and of
// the same reference may be compared, and the protocol names both. fid and cmmd,
// as they are published, are biased by that number and have no interval. The
// differences are about endlessly many images, of endlessly many prompts of these
// kinds: images of one prompt, of a model, the baseline and a reference of the same
// prompts, come and go together. A reference of other prompts is taken as it is.
//
// A feature that is NaN or infinite is an error that names its image.
func Fidelity(in FidelityInput) ([]record.Metric, []dataset.PromptValue, error) {
	f := fidelity{in: in}
	model, err := setOf(in.Model, in.Features)
	if err != nil {
		return nil, nil, err
	}
	baseline, err := setOf(in.Baseline, in.BaselineFeatures)
	if err != nil {
		return nil, nil, err
	}
	reference, err := setOf(in.Reference, in.ReferenceFeatures)
	if err != nil {
		return nil, nil, err
	}
	f.base = f.about(model, reference)
	for _, set := range []featureSet{model, reference} {
		if set.images() < 2 {
			return f.nothing(fmt.Sprintf("%s has %s, and a distance needs two", f.called(set), images(set.images()))), nil, nil
		}
	}
	for _, set := range []featureSet{baseline, reference} {
		if set.images() > 0 && set.width() != model.width() {
			return nil, nil, fmt.Errorf("features of different width: %d of %s, %d of %s: they are of different encoders", model.width(), in.Model, set.width(), f.called(set))
		}
	}
	f.design = designOf(model, baseline, reference)
	f.base.Clusters = f.design.model.units()
	f.base.Protocol["features"] = fmt.Sprintf("%d-dimensional features of %s", model.width(), cmp.Or(in.Component, in.Encoder))
	f.base.Protocol["prompts"] = f.prompts(reference)
	if err := f.frechetDistances(); err != nil {
		return nil, nil, err
	}
	f.kernelDistances()
	f.clipDistances()
	return f.metrics, nil, nil
}

// fidelity is the distances of one model while they are made.
type fidelity struct {
	in      FidelityInput
	design  fidelityDesign
	base    record.Metric // what all have
	metrics []record.Metric
}

// about is what is said with every distance.
func (f *fidelity) about(model, reference featureSet) record.Metric {
	in := f.in
	m := record.Metric{
		Subject: in.Model, Choice: in.Choice, Versus: in.Reference, VersusChoice: record.Reference, Encoder: in.Encoder,
		N: model.images(), Clusters: model.images(),
		Protocol: map[string]string{
			"encoder":          in.Encoder,
			"reference":        in.Reference,
			"images":           fmt.Sprint(model.images()),
			"reference images": fmt.Sprint(reference.images()),
			"seed":             fmt.Sprint(in.Seed),
		},
	}
	if in.Component != "" {
		m.Protocol["component"] = in.Component
	}
	if len(in.AlsoRead) > 0 {
		m.Protocol["also read by"] = strings.Join(in.AlsoRead, ", ")
	}
	return m
}

// prompts says how the prompts of both sides are related.
func (f *fidelity) prompts(reference featureSet) string {
	theirs := reference.prompts()
	switch {
	case f.design.paired:
		return "the reference is of the same prompts"
	case !f.design.prompted:
		return "the prompts of the images are not known"
	case theirs == nil:
		return "the prompts of the reference are not known: part of the distance may be between the prompts"
	}
	shared := map[int]bool{}
	for _, text := range f.design.unitText {
		shared[text] = false
	}
	for _, text := range f.design.referenceText {
		if _, ok := shared[text]; ok {
			shared[text] = true
		}
	}
	count := 0
	for _, both := range shared {
		if both {
			count++
		}
	}
	return fmt.Sprintf("the reference is of %d prompts, %d of them among the images' %d: part of the distance is between the prompts", len(theirs), count, f.design.model.units())
}

// called is what messages call a set.
func (f *fidelity) called(set featureSet) string {
	if set.name == f.in.Reference && f.in.Choice != record.OtherDraws || set.name != f.in.Model && set.name != f.in.Baseline {
		return "the reference " + set.name
	}
	return set.name
}

func images(n int) string {
	switch n {
	case 0:
		return "no image"
	case 1:
		return "one image"
	}
	return fmt.Sprintf("%d images", n)
}

// unit is what pairs are of, in words.
func (f *fidelity) unit() string {
	if f.design.prompted {
		return "prompts"
	}
	return "images"
}

// most and fewest are the images of the largest and the smallest set.
func (f *fidelity) most() int {
	return max(f.design.model.images(), f.design.baseline.images(), f.design.reference.images())
}

func (f *fidelity) fewest() int {
	n := min(f.design.model.images(), f.design.reference.images())
	if f.design.compared() {
		n = min(n, f.design.baseline.images())
	}
	return n
}

// metric begins a metric of a name. That of a difference is against the baseline.
func (f *fidelity) metric(name string) record.Metric {
	m := as(f.base, name)
	m.Protocol = maps.Clone(f.base.Protocol)
	if name != FID && name != KID && name != CMMD {
		m.Versus, m.VersusChoice = f.in.Baseline, record.All
		m.Protocol["about"] = "endlessly many images of such prompts"
	}
	return m
}

func (f *fidelity) add(m record.Metric) { f.metrics = append(f.metrics, m) }

// none adds a difference that there is none of, and why.
func (f *fidelity) none(difference, p, why string) {
	if f.in.Baseline != "" {
		f.add(without(f.metric(difference), why))
		f.add(without(f.metric(p), why))
	}
}

// no reports, and says, that the images of the baseline cannot be paired with the
// model's.
func (f *fidelity) no(difference, p string) bool {
	if f.design.compared() {
		return false
	}
	f.none(difference, p, fmt.Sprintf("the images of %s and %s are not of the same prompts", f.in.Model, f.in.Baseline))
	return true
}

// nothing is every metric without a value.
func (f *fidelity) nothing(why string) []record.Metric {
	for _, name := range [][3]string{{FID, FIDDifference, FIDDifferenceP}, {KID, KIDDifference, KIDDifferenceP}, {CMMD, CMMDDifference, CMMDDifferenceP}} {
		f.add(without(f.metric(name[0]), why))
		f.none(name[1], name[2], why)
	}
	return f.metrics
}

// counted completes a metric with a mean over pairs of images, which there may be
// none of.
func counted(m record.Metric, value float64) record.Metric {
	if math.IsNaN(value) {
		return without(m, "no two images of different prompts")
	}
	return number(m, value)
}

// pairs completes a distance with the interval of its U statistic.
func (f *fidelity) pairs(m record.Metric, of *stats.UStatistic, plus float64) record.Metric {
	estimate, err := of.SquaredDistance(plus)
	switch {
	case m.Value == nil:
	case err == nil && len(f.design.strata) >= fewestPrompts:
		m = estimatedBy(m, estimate, "score, over pairs of "+f.unit()+" (U statistic)")
	default:
		m.Note = join(m.Note, f.noInterval(err))
	}
	return m
}

// pairsWords says how the interval and the test of a difference are made.
func (f *fidelity) pairsWords() string {
	return "t, over pairs of " + f.unit() + " (U statistic)"
}

// noInterval says why there is none.
func (f *fidelity) noInterval(err error) string {
	if errors.Is(err, stats.ErrNoSpread) {
		return "no interval: nothing differs from prompt to prompt"
	}
	return fmt.Sprintf("no interval: fewer than %d %s", fewestPrompts, f.unit())
}

// differs adds a difference from its U statistic, times a factor.
func (f *fidelity) differs(difference, p string, of *stats.UStatistic, factor float64) {
	if f.in.Baseline == "" || f.no(difference, p) {
		return
	}
	estimate, err := of.Estimate()
	if err != nil || len(f.design.strata) < fewestPrompts {
		m := f.metric(difference)
		m.Note = join(m.Note, f.noInterval(err))
		f.add(counted(m, factor*of.Value()))
		f.add(without(f.metric(p), f.noInterval(err)))
		return
	}
	f.estimated(difference, p, estimate, nil, factor, f.pairsWords())
}

// estimated adds a difference, times a factor, with its interval and its p value.
func (f *fidelity) estimated(difference, p string, estimate stats.Estimate, err error, factor float64, how string) {
	m, tested := f.metric(difference), f.metric(p)
	if err != nil {
		why := f.noInterval(err)
		m.Note = join(m.Note, why)
		f.add(number(m, 0)) // no group moves it
		f.add(without(tested, why))
		return
	}
	estimate.Value, estimate.Error = factor*estimate.Value, factor*estimate.Error
	f.add(estimatedBy(m, estimate, how))
	tested.Protocol["test"] = how
	f.add(number(tested, estimate.P()))
}

// estimatedBy completes a metric with an estimate and its interval.
func estimatedBy(m record.Metric, estimate stats.Estimate, how string) record.Metric {
	interval := estimate.Interval(stats.Level)
	m.Low, m.High = &interval.Low, &interval.High
	m.Protocol["interval"] = "95 %, " + how
	return number(m, estimate.Value)
}
