package metric

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// KernelDistance is the squared maximum mean discrepancy between two sets of
// features, x [n, width] and y [m, width], with a cubic kernel; KID if an
// Inception network made them. It is unbiased, so it may be negative.
//
// Bińkowski et al. 2018, Demystifying MMD GANs, section 4; the estimator is
// equation 3 of Gretton et al. 2012, A Kernel Two-Sample Test:
//
//	k(x, y) = ( x·y / width + 1 )³
//
//	MMD² =   1/(n(n-1)) sum over i ≠ j of k(x_i, x_j)
//	       + 1/(m(m-1)) sum over i ≠ j of k(y_i, y_j)
//	       - 2/(nm)     sum over i, j  of k(x_i, y_j)
func KernelDistance(x, y *mat.Dense) (float64, error) {
	n, width1 := x.Dims()
	m, width2 := y.Dims()
	if width1 != width2 {
		return 0, fmt.Errorf("features of different width: %d and %d", width1, width2)
	}
	if n < 2 || m < 2 {
		return 0, fmt.Errorf("a kernel distance needs two images: have %d and %d", n, m)
	}
	ofX, diagonalX := kernelSums(x, x)
	ofY, diagonalY := kernelSums(y, y)
	across, _ := kernelSums(x, y)
	return (ofX-diagonalX)/float64(n*(n-1)) + (ofY-diagonalY)/float64(m*(m-1)) - 2*across/float64(n*m), nil
}

// KernelDistanceSubsets is the kernel distance of count random subsets of the
// given size of each set, drawn without replacement. Their mean estimates the
// same number as KernelDistance at less cost; published KIDs use 100 subsets
// of 1000 images.
func KernelDistanceSubsets(x, y *mat.Dense, size, count int, seed uint64) ([]float64, error) {
	n, _ := x.Dims()
	m, _ := y.Dims()
	if size > min(n, m) {
		return nil, fmt.Errorf("subsets of %d images out of %d and %d", size, n, m)
	}
	random := rand.New(rand.NewPCG(seed, 0x6b6964)) // "kid"
	distances := make([]float64, count)
	for i := range distances {
		chosenX, chosenY := random.Perm(n)[:size], random.Perm(m)[:size]
		distance, err := KernelDistance(rowsOf(x, chosenX), rowsOf(y, chosenY))
		if err != nil {
			return nil, err
		}
		distances[i] = distance
	}
	return distances, nil
}

// kernelSums is the sum of the kernel over all pairs of rows, and over the
// pairs of a row with the same row of the other set.
func kernelSums(x, y *mat.Dense) (all, diagonal float64) {
	rows, width := x.Dims()
	others, _ := y.Dims()
	// A block of rows at a time: the whole kernel of 40,000 images would not fit.
	const block = 256
	for from := 0; from < rows; from += block {
		to := min(rows, from+block)
		var products mat.Dense
		products.Mul(x.Slice(from, to, 0, width), y.T()) // [block, others]
		for i := range to - from {
			for j, product := range products.RawRowView(i) {
				base := product/float64(width) + 1
				value := base * base * base
				all += value
				if from+i == j && j < min(rows, others) {
					diagonal += value
				}
			}
		}
	}
	return all, diagonal
}

// rowsOf copies some rows of x.
func rowsOf(x *mat.Dense, rows []int) *mat.Dense {
	_, width := x.Dims()
	chosen := mat.NewDense(len(rows), width, nil)
	for i, row := range rows {
		chosen.SetRow(i, x.RawRowView(row))
	}
	return chosen
}
