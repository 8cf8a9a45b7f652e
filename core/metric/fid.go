package metric

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// moments is what the Fréchet distance needs of a set of features.
type moments struct {
	mean  *mat.VecDense // [width]
	root  *mat.Dense    // R [rows, width] with RᵀR = covariance
	trace float64       // of the covariance
	rows  int           // of the features
}

// frechet is the distance between the Gaussians that fit two sets of features of
// one width, each of two images or more; FID if an Inception network made them.
//
// Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule Converge to
// a Local Nash Equilibrium, equation 6, after Dowson and Landau 1982:
//
//	d² = |m1 - m2|² + tr(S1) + tr(S2) - 2 tr( (S1 S2)^(1/2) )
//
// m are the means, S the covariances (divided by n - 1). The usual ways to the
// last term, a matrix square root or the eigenvalues of S1 S2, lose half of the
// digits where a covariance is singular, as it is with fewer images than
// features. No product S1 S2 is formed here:
//
//  1. Centre: A = (x - m1)/sqrt(n-1), so S1 = AᵀA; B likewise.
//  2. Shrink by QR: A = Q1 R1, so S1 = R1ᵀR1 with R1 at most [width, width]; of
//     many images part by part, each below the R of those before it.
//  3. tr( (S1 S2)^(1/2) ) is the sum of the singular values of R1 R2ᵀ.
//
// The distance of a set to itself may come out as a negative rounding error;
// it is returned as 0.
func frechet(a, b moments) (float64, error) {
	var cross mat.Dense
	cross.Mul(a.root, b.root.T()) // R1 R2ᵀ
	var svd mat.SVD
	if !svd.Factorize(&cross, mat.SVDNone) {
		return 0, fmt.Errorf("the singular values of the features did not converge")
	}
	var nuclear float64
	for _, value := range svd.Values(nil) {
		nuclear += value
	}
	var shift mat.VecDense
	shift.SubVec(a.mean, b.mean)
	distance := mat.Dot(&shift, &shift) + a.trace + b.trace - 2*nuclear
	return max(0, distance), nil
}

// unitRoundoff is that of doubles.
const unitRoundoff = 0x1p-53

// frechetRounding bounds how far frechet is off, and so twice how far two processors
// differ that add up in another order: it is a difference of sums that may be far larger.
//
// A QR decomposition and a singular value decomposition of [rows, width] are exact for
// features that are off by u c of their size (Higham 2002, Accuracy and Stability of
// Numerical Algorithms, theorem 19.4 and section 20.1), u = 2^-53, c = 6 (rows width)^(1/2)
// where roundings are random (Higham and Mary 2019, A New Approach to Probabilistic
// Rounding Error Analysis, theorem 2.4: not once in 10^7). A sum of width singular values is
// off by at most width^(1/2) times as much.
func frechetRounding(a, b moments) float64 {
	rows, width := float64(max(a.rows, b.rows)), float64(a.mean.Len())
	size := a.trace + b.trace + mat.Dot(a.mean, a.mean) + mat.Dot(b.mean, b.mean)
	return 2 * unitRoundoff * 6 * math.Sqrt(rows*width) * math.Sqrt(width) * size
}

// momentsOf computes what frechet needs of features x [images, width].
func momentsOf(x *mat.Dense) moments {
	rows, width := x.Dims()
	m := moments{mean: mat.NewVecDense(width, nil), rows: rows}
	for i := range rows {
		m.mean.AddVec(m.mean, x.RowView(i))
	}
	m.mean.ScaleVec(1/float64(rows), m.mean)

	// A part of the images at a time: of 30,000, of Inception's width, all would
	// be half a gigabyte, and QR needs that three times.
	scale := 1 / math.Sqrt(float64(rows-1))
	part := rows
	if rows*width > largestWhole {
		part = max(2*width, largestWhole/width)
	}
	for from := 0; from < rows; from += part {
		to := min(from+part, rows)
		above := 0
		if m.root != nil {
			above, _ = m.root.Dims()
		}
		stack := mat.NewDense(above+to-from, width, nil)
		if m.root != nil {
			stack.Slice(0, above, 0, width).(*mat.Dense).Copy(m.root)
		}
		for i := from; i < to; i++ {
			row := stack.RawRowView(above + i - from)
			for j, v := range x.RawRowView(i) {
				row[j] = (v - m.mean.AtVec(j)) * scale
				m.trace += row[j] * row[j]
			}
		}
		m.root = triangle(stack)
	}
	return m
}

// largestWhole is how many numbers are decomposed at once: 64 MiB of them.
const largestWhole = 1 << 23

// triangle is R of a QR decomposition, or the matrix itself where that is no
// larger.
func triangle(a *mat.Dense) *mat.Dense {
	rows, width := a.Dims()
	if rows <= width {
		return a
	}
	var qr mat.QR
	qr.Factorize(a)
	var r mat.Dense // [rows, width], zero below the first width rows
	qr.RTo(&r)
	return mat.DenseCopyOf(r.Slice(0, width, 0, width))
}
