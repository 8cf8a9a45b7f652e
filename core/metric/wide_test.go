package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// wide are features such as Inception makes: as wide, not negative, correlated.
func wide(seed uint64, rows, width int) *mat.Dense {
	random := rand.New(rand.NewPCG(seed, 1))
	common := make([]float64, width)
	for j := range common {
		common[j] = random.Float64()
	}
	x := mat.NewDense(rows, width, nil)
	for i := range rows {
		shared := random.NormFloat64()
		row := x.RawRowView(i)
		for j := range row {
			row[j] = max(0, 0.3+0.2*random.NormFloat64()+0.1*shared*common[j])
		}
	}
	return x
}

// scaled is y = x d + 1, column by column, and the distance of both: with S the
// covariance of x and D = diag(d), (S D S D)^(1/2) = S D, so that
//
//	d² = |m1 - m2|² + sum over j of S_jj (1 - d_j)²
func scaled(x *mat.Dense) (y *mat.Dense, distance float64) {
	rows, width := x.Dims()
	y = mat.NewDense(rows, width, nil)
	for j := range width {
		column := mat.Col(nil, j, x)
		mean, variance := stat.MeanVariance(column, nil)
		d := 0.5 + float64(j%7)/4
		for i, v := range column {
			y.Set(i, j, v*d+1)
		}
		shift := mean - (mean*d + 1)
		distance += shift*shift + variance*(1-d)*(1-d)
	}
	return y, distance
}

// TestFrechetOfWideFeatures: features as wide as Inception's, more and fewer
// than there are images, whole and in parts, against the closed form.
func TestFrechetOfWideFeatures(t *testing.T) {
	for _, size := range [][2]int{{300, 2048}, {700, 128}, {90000, 96}} {
		x := wide(3, size[0], size[1])
		y, want := scaled(x)
		got, err := frechetDistance(x, y)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%v: %.10g, %.1e off", size, got, math.Abs(got-want)/want)
		if math.Abs(got-want) > 1e-10*want {
			t.Errorf("%v: %v, want %v", size, got, want)
		}
		if same, err := frechetDistance(x, x); err != nil || same > 1e-9*want {
			t.Errorf("%v: the distance to itself is %v, %v", size, same, err)
		}
	}
}

// BenchmarkFID2048 is a whole distance of Inception's size, with the error
// against the closed form.
func BenchmarkFID2048(b *testing.B) {
	x := wide(3, 5000, 2048)
	y, want := scaled(x)
	b.ReportAllocs()
	for b.Loop() {
		got, err := frechetDistance(x, y)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(math.Abs(got-want)/want, "relative-error")
	}
}

func BenchmarkMoments(b *testing.B) {
	x := wide(1, 5000, 2048)
	b.ReportAllocs()
	for b.Loop() {
		momentsOf(x)
	}
}

func BenchmarkFrechet2048(b *testing.B) {
	x, y := momentsOf(wide(1, 2100, 2048)), momentsOf(wide(2, 2100, 2048))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := frechet(x, y); err != nil {
			b.Fatal(err)
		}
	}
}
