package metric

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
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
		why := "a feature of length 0 has no direction: " + zero
		f.add(without(m, why))
		f.none(CMMDDifference, CMMDDifferenceP, why)
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
		lengths := norms(g.x)
		if at := slices.Index(lengths, 0); at >= 0 {
			return d, fmt.Sprintf("image %q of %s", g.ids[at], g.name)
		}
		unit := mat.DenseCopyOf(g.x)
		for i, length := range lengths {
			row := unit.RawRowView(i)
			for j := range row {
				row[j] /= math.Sqrt(length)
			}
		}
		g.x = unit
	}
	return d, ""
}
