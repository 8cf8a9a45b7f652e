package metric

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

const (
	// fidGroups is the number of parts that the jackknife leaves out in turn, and two
	// by two; of features wider than narrowFeatures, for which that takes minutes, there
	// are fewer, and the interval is a tenth wider.
	fidGroups, fidGroupsWide = 40, 20
	narrowFeatures           = 128
	// widestJackknife is the widest feature whose FID is computed again without every
	// two groups: that takes a minute of a processor for 512, and an hour for Inception's 2048.
	widestJackknife = 768
	// leastJoined is the smallest stratum of which two groups leave something.
	leastJoined = 4
)

// frechetDifference is the difference between a model's and the baseline's Fréchet
// distance from the reference, at endlessly many images.
//
// The distance of n images is biased upwards by about 1/n, and by more the more the
// images vary (Chong and Forsyth 2020, Effectively Unbiased FID and Inception Score
// and where to find them, who extrapolate to endlessly many). The jackknife takes
// the bias out of the difference (stats.Jackknife). Prompts are left out, with their
// images of the model, the baseline and, where the reference is of the same prompts,
// the reference; the others of their stratum then weigh more. They are dealt out to
// groups stratum by stratum.
func frechetDifference(d fidelityDesign, seed uint64) (stats.Estimate, error) {
	units := len(d.strata)
	groups := d.fidGroups()
	strata := stats.Join(d.strata, leastJoined)
	order := rand.New(rand.NewPCG(seed, 0x6a61636b)).Perm(units) // "jack"
	slices.SortStableFunc(order, func(a, b int) int { return strata[a] - strata[b] })
	group := make([]int, units)
	for turn, unit := range order {
		group[unit] = turn % groups
	}
	model, baseline := leaveOutOf(d.model, strata, group), leaveOutOf(d.baseline, strata, group)
	fixed := momentsOf(d.reference.x)
	var reference leaveOut
	if d.paired {
		reference = leaveOutOf(d.reference, strata, group)
	}
	difference := func(out ...int) (float64, error) {
		real := fixed
		if d.paired {
			real = reference.moments(out...)
		}
		ofModel, err := frechet(model.moments(out...), real)
		if err != nil {
			return 0, err
		}
		ofBaseline, err := frechet(baseline.moments(out...), real)
		return ofModel - ofBaseline, err
	}
	whole, err := difference()
	if err != nil {
		return stats.Estimate{}, err
	}
	one, two := make([]float64, groups), make([][]float64, groups)
	for g := range groups {
		two[g] = make([]float64, groups)
	}
	for g := range groups {
		if one[g], err = difference(g); err != nil {
			return stats.Estimate{}, err
		}
		for h := range g {
			if two[g][h], err = difference(g, h); err != nil {
				return stats.Estimate{}, err
			}
			two[h][g] = two[g][h]
		}
	}
	return stats.Jackknife(whole, one, two)
}

func (d fidelityDesign) fidGroups() int {
	if d.model.width() > narrowFeatures {
		return min(fidGroupsWide, len(d.strata))
	}
	return min(fidGroups, len(d.strata))
}

// leaveOut makes the moments of images without some groups of their units, from sums
// over the strata that are made once.
type leaveOut struct {
	x      *mat.Dense // [images, width], centred
	middle *mat.VecDense
	strata []stratumSums
	rows   [][][]int // of x, by group and stratum
}

// stratumSums is what is known of the images of a stratum.
type stratumSums struct {
	units  float64
	images float64
	sum    *mat.VecDense // of x
	square *mat.SymDense // of x xᵀ
	out    []float64     // units in each group
}

func leaveOutOf(of grouped, strata, group []int) leaveOut {
	rows, width := of.x.Dims()
	l := leaveOut{x: mat.DenseCopyOf(of.x), middle: mat.NewVecDense(width, nil)}
	for i := range rows {
		l.middle.AddScaledVec(l.middle, 1/float64(rows), of.x.RowView(i))
	}
	groups := slices.Max(group) + 1
	members := make([][]int, slices.Max(strata)+1)
	l.rows = make([][][]int, groups)
	for g := range l.rows {
		l.rows[g] = make([][]int, len(members))
	}
	for range members {
		l.strata = append(l.strata, stratumSums{out: make([]float64, groups)})
	}
	for unit, stratum := range strata {
		s := &l.strata[stratum]
		s.units++
		s.out[group[unit]]++
		for row := of.begin[unit]; row < of.begin[unit+1]; row++ {
			centred := l.x.RowView(row).(*mat.VecDense)
			centred.SubVec(centred, l.middle)
			members[stratum] = append(members[stratum], row)
			l.rows[group[unit]][stratum] = append(l.rows[group[unit]][stratum], row)
		}
	}
	for h := range l.strata {
		l.strata[h].images = float64(len(members[h]))
		l.strata[h].sum, l.strata[h].square = l.sums(members[h])
	}
	return l
}

// sums are those of some rows: x and x xᵀ.
func (l leaveOut) sums(rows []int) (*mat.VecDense, *mat.SymDense) {
	_, width := l.x.Dims()
	sum, square := mat.NewVecDense(width, nil), mat.NewSymDense(width, nil)
	if len(rows) == 0 {
		return sum, square
	}
	x := rowsOf(l.x, rows)
	for i := range rows {
		sum.AddVec(sum, x.RowView(i))
	}
	square.SymOuterK(1, x.T())
	return sum, square
}

// moments are those of all images but the groups'. Each stratum keeps its weight.
func (l leaveOut) moments(out ...int) moments {
	_, width := l.x.Dims()
	sum, square := mat.NewVecDense(width, nil), mat.NewSymDense(width, nil)
	var weight, images float64
	for h, s := range l.strata {
		units := s.units
		var left []int
		for _, g := range out {
			units -= s.out[g]
			left = append(left, l.rows[g][h]...)
		}
		w := s.units / units
		sum.AddScaledVec(sum, w, s.sum)
		addScaled(square, w, s.square)
		if len(left) > 0 {
			lost, lostSquare := l.sums(left)
			sum.AddScaledVec(sum, -w, lost)
			addScaled(square, -w, lostSquare)
		}
		weight += w * (s.images - float64(len(left)))
		images += s.images - float64(len(left))
	}
	sum.ScaleVec(1/weight, sum)
	square.ScaleSym(1/weight, square)
	square.SymRankOne(square, -1, sum)
	square.ScaleSym(images/(images-1), square) // covariances are divided by n-1
	m := moments{mean: mat.NewVecDense(width, nil), root: rootOf(square)}
	m.mean.AddVec(l.middle, sum)
	for j := range width {
		m.trace += square.At(j, j)
	}
	return m
}

func addScaled(to *mat.SymDense, factor float64, more *mat.SymDense) {
	n := to.SymmetricDim()
	a, b := to.RawSymmetric(), more.RawSymmetric()
	for i := range n {
		for j := i; j < n; j++ {
			a.Data[i*a.Stride+j] += factor * b.Data[i*b.Stride+j]
		}
	}
}

// rootOf is R [rank, width] with RᵀR = s, by Cholesky's decomposition with pivots:
// features that never vary leave a covariance without full rank.
func rootOf(s *mat.SymDense) *mat.Dense {
	width := s.SymmetricDim()
	var decomposed mat.PivotedCholesky
	decomposed.Factorize(s, -1)
	var upper mat.TriDense
	decomposed.UTo(&upper)
	root := mat.NewDense(max(1, decomposed.Rank()), width, nil)
	for column, from := range decomposed.ColumnPivots(nil) {
		for i := range min(decomposed.Rank(), column+1) {
			root.Set(i, from, upper.At(i, column))
		}
	}
	return root
}

// frechetDistances estimates FID and its difference from the baseline's.
func (f *fidelity) frechetDistances() error {
	d := f.design
	width := d.model.width()
	m := f.metric(FID)
	m.Protocol["covariance"] = "divided by n-1"
	own, real := momentsOf(d.model.x), momentsOf(d.reference.x)
	value, err := frechet(own, real)
	if err != nil {
		return fmt.Errorf("fid of %s: %w", f.in.Model, err)
	}
	m.Rounding = frechetRounding(own, real)
	m.Note = join(m.Note, "no interval: biased upwards by the number of images")
	if f.fewest() <= width {
		m.Note = join(m.Note, "no more images than feature dimensions: the covariance is singular")
	}
	f.add(number(m, value))
	if f.in.Baseline == "" || f.no(FIDDifference, FIDDifferenceP) {
		return nil
	}
	groups := d.fidGroups()
	left := f.fewest() * (groups - 2) / max(1, groups)
	switch {
	case width > widestJackknife:
		return f.plainDifference(m, value, fmt.Sprintf("no interval: features wider than %d; of the images as many as they are", widestJackknife))
	case left <= width:
		return f.plainDifference(m, value, "no interval: too few images for features of this width; of the images as many as they are")
	case len(d.strata) < fewestPrompts:
		return f.plainDifference(m, value, fmt.Sprintf("no interval: fewer than %d prompts; of the images as many as they are", fewestPrompts))
	}
	estimate, err := frechetDifference(d, f.in.Seed)
	f.estimated(FIDDifference, FIDDifferenceP, estimate, err, 1,
		fmt.Sprintf("t, jackknife over %d groups of prompts", groups))
	return nil
}

// plainDifference is that of the two distances as they are printed.
func (f *fidelity) plainDifference(own record.Metric, value float64, why string) error {
	theirs, real := momentsOf(f.design.baseline.x), momentsOf(f.design.reference.x)
	baseline, err := frechet(theirs, real)
	if err != nil {
		return fmt.Errorf("fid of %s: %w", f.in.Baseline, err)
	}
	m := f.metric(FIDDifference)
	m.Note = join(m.Note, why)
	m.Rounding = own.Rounding + frechetRounding(theirs, real)
	f.add(number(m, value-baseline))
	f.add(without(f.metric(FIDDifferenceP), why))
	return nil
}
