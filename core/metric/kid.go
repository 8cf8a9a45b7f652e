package metric

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"

	"github.com/plumb-ml/plumb/core/record"
)

// cubic is the kernel of KID: with it, and an Inception network's features, the
// discrepancy is the published one. The estimate is unbiased, so it may be negative.
//
// Bińkowski et al. 2018, Demystifying MMD GANs, section 4, features of width d:
//
//	k(x, y) = ( x·y / d + 1 )³
func cubic(width int) kernel {
	return func(product, _, _ float64) float64 {
		base := product/float64(width) + 1
		return base * base * base
	}
}

const (
	// largestKernel is the most images of a set whose kernel is taken over all pairs.
	largestKernel = 10_000
	// kidSubsetSize and kidSubsets are used above that, as in published KIDs; subsets
	// are smaller where a set is.
	kidSubsetSize, kidSubsets = 1000, 100
)

// kernelDistances estimates KID and its difference from the baseline's.
func (f *fidelity) kernelDistances() {
	kid := f.metric(KID)
	kid.Protocol["kernel"] = "(x.y/d+1)^3, over pairs of different " + f.unit()
	if !f.design.prompted {
		kid.Note = join(kid.Note, "prompts are not known: images of one prompt count as independent, which biases upwards")
	}
	k := cubic(f.design.model.x.RawMatrix().Cols)
	if f.most() > largestKernel {
		f.kidOfSubsets(kid, k)
		return
	}
	m := discrepancyOf(k, f.design)
	f.add(f.pairs(counted(kid, m.value.Value()+m.plus), m.value, m.plus))
	f.differs(KIDDifference, KIDDifferenceP, m.difference, 1)
}

// kidOfSubsets is the mean over random subsets, of one image a prompt.
func (f *fidelity) kidOfSubsets(kid record.Metric, k kernel) {
	size := min(kidSubsetSize, f.design.model.units(), f.design.reference.images())
	if f.design.paired {
		size = min(size, f.design.reference.units())
	}
	random := rand.New(rand.NewPCG(f.in.Seed, 0x6b6964)) // "kid"
	var distances, differences []float64
	for range kidSubsets {
		m := discrepancyOf(k, f.design.subset(random, size))
		distances = append(distances, m.value.Value()+m.plus)
		if m.difference != nil {
			differences = append(differences, m.difference.Value())
		}
	}
	kid.Protocol["subsets"] = fmt.Sprintf("%d of %d images, one a prompt", kidSubsets, size)
	mean, deviation := stat.MeanStdDev(distances, nil)
	const why = "no interval: a mean over subsets of the images"
	kid.Note = join(kid.Note, fmt.Sprintf("%s, whose standard deviation is %.4g", why, deviation))
	f.add(counted(kid, mean))
	if f.in.Baseline != "" {
		if f.no(KIDDifference, KIDDifferenceP) {
			return
		}
		difference := f.metric(KIDDifference)
		difference.Note = join(difference.Note, why)
		f.add(counted(difference, stat.Mean(differences, nil)))
	}
}
