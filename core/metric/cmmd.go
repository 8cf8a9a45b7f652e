package metric

import (
	"fmt"
	"math"
)

// CMMD's constants, as published.
const (
	cmmdSigma = 10
	cmmdScale = 1000
)

// gaussian is the kernel of CMMD: with it the biased discrepancy of CLIP embeddings
// of length 1, times 1000, is the published one.
//
// Jayasumana et al. 2024, Rethinking FID: Towards a Better Evaluation Metric for
// Image Generation, section 4, with sigma 10:
//
//	k(x, y) = exp( -|x - y|² / (2 sigma²) )
func gaussian(product, x, y float64) float64 {
	return math.Exp(-(x + y - 2*product) / (2 * cmmdSigma * cmmdSigma))
}

// clipDistances estimates CMMD and its difference from the baseline's. The value is
// as published, over all pairs; the difference is unbiased, over pairs of different
// prompts.
func (f *fidelity) clipDistances() {
	m := f.metric(CMMD)
	m.Protocol["kernel"] = "exp(-|x-y|^2/(2 10^2)), features of length 1, times 1000, biased"
	d, zero := f.design.normalised()
	switch {
	case zero != "":
		f.add(without(m, zero))
		f.none(CMMDDifference, CMMDDifferenceP, zero)
		return
	case f.most() > largestKernel:
		why := fmt.Sprintf("more than %d images", largestKernel)
		f.add(without(m, why))
		f.none(CMMDDifference, CMMDDifferenceP, why)
		return
	}
	of := discrepancyOf(gaussian, d)
	m.Note = join(m.Note, "no interval: biased by the number of images")
	f.add(number(m, cmmdScale*max(0, of.biased)))
	f.differs(CMMDDifference, CMMDDifferenceP, of.difference, cmmdScale)
}

// normalised is the design with features of length 1. zero says whose feature has no
// length; empty: all have.
func (d fidelityDesign) normalised() (_ fidelityDesign, zero string) {
	for _, g := range []*grouped{&d.model, &d.baseline, &d.reference} {
		if g.x == nil {
			continue
		}
		if zero := g.undirected(); zero != "" {
			return d, zero
		}
		g.x = directions(g.x)
	}
	return d, ""
}
