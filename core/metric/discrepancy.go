package metric

import (
	"gonum.org/v1/gonum/mat"

	"github.com/plumb-ml/plumb/core/stats"
)

// kernel is a similarity of two features x and y, from x·y, |x|² and |y|².
type kernel func(product, x, y float64) float64

// discrepancy is the squared maximum mean discrepancy between a model's images and
// real ones, with a kernel k.
//
// Gretton et al. 2012, A Kernel Two-Sample Test, equation 2, x and x' independent
// images of the model, y and y' of the reference:
//
//	MMD² = E k(x, x') + E k(y, y') - 2 E k(x, y)
//
// Two images of one prompt are not independent, and neither is a model's image of a
// real one of its prompt: all three means run over pairs of different prompts alone.
// With K_ij(x, y) the mean kernel of the model's images of prompt i and the real ones
// of prompt j, the estimate is the U statistic (stats.UStatistic) of
//
//	h_ij = K_ij(x, x) + K_ij(y, y) - K_ij(x, y) - K_ij(y, x)
//
// where both have the same prompts (lemma 6 there). A reference that is taken as it
// is has a constant k(y, y), and its mean kernel with the images of prompt i, c_i,
// in the place of the others:
//
//	h_ij = K_ij(x, x) - c_i - c_j
//
// The difference between two models is that of their h: k(y, y) drops out.
type discrepancy struct {
	value      *stats.UStatistic
	plus       float64           // what is added to the value's mean
	difference *stats.UStatistic // nil without a baseline
	// biased is equation 5 there: the means run over all pairs, those of an image
	// with itself, too.
	biased float64
}

func discrepancyOf(k kernel, d fidelityDesign) discrepancy {
	m := discrepancy{value: stats.NewUStatistic(d.strata)}
	if d.compared() {
		m.difference = stats.NewUStatistic(d.strata)
	}
	of := func(x, y grouped) pairMeans {
		return pairMeans{k: k, x: x, y: y, normsX: norms(x.x), normsY: norms(y.x)}
	}
	xx, bb := of(d.model, d.model), of(d.baseline, d.baseline)
	yy, xy, yx := of(d.reference, d.reference), of(d.model, d.reference), of(d.reference, d.model)
	by, yb := of(d.baseline, d.reference), of(d.reference, d.baseline)
	var ofModel, ofBaseline []float64 // c
	if !d.paired {
		ofModel = xy.outside(d.unitText, d.referenceText)
		if d.compared() {
			ofBaseline = by.outside(d.unitText, d.referenceText)
		}
		m.plus = yy.different(d.referenceText)
	}
	units := d.model.units()
	h, g := make([]float64, units), make([]float64, units)
	for from := 0; from < units; {
		to := d.model.until(from)
		kxx := xx.rows(from, to)
		var kyy, kxy, kyx, kbb, kby, kyb [][]float64
		if d.paired {
			kyy, kxy, kyx = yy.rows(from, to), xy.rows(from, to), yx.rows(from, to)
		}
		if d.compared() {
			kbb = bb.rows(from, to)
			if d.paired {
				kby, kyb = by.rows(from, to), yb.rows(from, to)
			}
		}
		for i := range kxx {
			unit := from + i
			for j := range units {
				if d.paired {
					h[j] = kxx[i][j] + kyy[i][j] - kxy[i][j] - kyx[i][j]
				} else {
					h[j] = kxx[i][j] - ofModel[unit] - ofModel[j]
				}
				switch {
				case d.compared() && d.paired:
					g[j] = kxx[i][j] - kbb[i][j] - (kxy[i][j] - kby[i][j]) - (kyx[i][j] - kyb[i][j])
				case d.compared():
					g[j] = kxx[i][j] - kbb[i][j] - (ofModel[unit] - ofBaseline[unit]) - (ofModel[j] - ofBaseline[j])
				}
			}
			m.value.Add(unit, h)
			if d.compared() {
				m.difference.Add(unit, g)
			}
		}
		from = to
	}
	m.biased = xx.sum/xx.pairs() + yy.sum/yy.pairs() - 2*xy.sum/xy.pairs()
	return m
}

// until is the unit after a block of units from the given one: some hundred images,
// since the whole kernel of 40,000 would not fit, or one unit.
func (g grouped) until(from int) int {
	const images = 256
	to := from + 1
	for to < g.units() && g.begin[to+1]-g.begin[from] <= images {
		to++
	}
	return to
}

// pairMeans is the kernel of two sets of images, by unit. sum is that over all pairs
// of images which have been seen.
type pairMeans struct {
	k              kernel
	x, y           grouped
	normsX, normsY []float64
	sum            float64
}

func (p *pairMeans) pairs() float64 { return float64(p.x.images()) * float64(p.y.images()) }

// rows is the mean kernel of the images of the units from to to-1 of x with those of
// each unit of y.
func (p *pairMeans) rows(from, to int) [][]float64 {
	means := make([][]float64, to-from)
	first := p.x.begin[from]
	products := p.products(first, p.x.begin[to])
	for u := range means {
		means[u] = make([]float64, p.y.units())
		for row := p.x.begin[from+u]; row < p.x.begin[from+u+1]; row++ {
			line := products.RawRowView(row - first)
			for unit := range means[u] {
				for other := p.y.begin[unit]; other < p.y.begin[unit+1]; other++ {
					means[u][unit] += p.k(line[other], p.normsX[row], p.normsY[other])
				}
			}
		}
		images := p.x.begin[from+u+1] - p.x.begin[from+u]
		for unit := range means[u] {
			p.sum += means[u][unit]
			means[u][unit] /= float64(images * (p.y.begin[unit+1] - p.y.begin[unit]))
		}
	}
	return means
}

func (p *pairMeans) products(from, to int) *mat.Dense {
	_, width := p.x.x.Dims()
	var products mat.Dense
	products.Mul(p.x.x.Slice(from, to, 0, width), p.y.x.T())
	return &products
}

// outside is the mean kernel of the images of each unit of x with the images of y
// that do not show its text.
func (p *pairMeans) outside(unitText, text []int) []float64 {
	var means []float64
	for from := 0; from < p.x.units(); {
		to := p.x.until(from)
		first := p.x.begin[from]
		products := p.products(first, p.x.begin[to])
		for unit := from; unit < to; unit++ {
			var sum, count float64
			for row := p.x.begin[unit]; row < p.x.begin[unit+1]; row++ {
				for other, product := range products.RawRowView(row - first) {
					value := p.k(product, p.normsX[row], p.normsY[other])
					p.sum += value
					if text[other] < 0 || text[other] != unitText[unit] {
						sum, count = sum+value, count+1
					}
				}
			}
			means = append(means, sum/count)
		}
		from = to
	}
	return means
}

// different is the mean kernel over the pairs of images of y that do not show one
// text; of images whose text nobody knows, of two different ones.
func (p *pairMeans) different(text []int) float64 {
	var sum, count float64
	for from := 0; from < p.x.units(); {
		to := p.x.until(from)
		first := p.x.begin[from]
		products := p.products(first, p.x.begin[to])
		for row := first; row < p.x.begin[to]; row++ {
			for other, product := range products.RawRowView(row - first) {
				value := p.k(product, p.normsX[row], p.normsY[other])
				p.sum += value
				if row != other && (text[row] < 0 || text[row] != text[other]) {
					sum, count = sum+value, count+1
				}
			}
		}
		from = to
	}
	return sum / count
}

// norms is |x|² of every row.
func norms(x *mat.Dense) []float64 {
	if x == nil {
		return nil
	}
	rows, _ := x.Dims()
	all := make([]float64, rows)
	for i := range all {
		for _, value := range x.RawRowView(i) {
			all[i] += value * value
		}
	}
	return all
}
