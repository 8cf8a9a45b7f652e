package stats

import (
	"errors"
	"math"
	"testing"
)

// Value and error by NumPy, from the whole matrix of nine units with the formulas of
// UStatistic's comment, the residuals one by one.
func TestUStatistic(t *testing.T) {
	u := NewUStatistic([]int{7, 7, 7, 7, 9, 9, 9, 9, 9})
	for i := range 9 {
		row := make([]float64, 9)
		for j := range row {
			row[j] = math.Sin(float64(i*j+i+j)) + 0.1*float64(i+j)
		}
		row[i] = 1e6 // is not read
		u.Add(i, row)
	}
	got, err := u.Estimate()
	if err != nil || math.Abs(got.Value-0.8190181110201858) > 1e-12 || math.Abs(got.Error-0.13166482469997234) > 1e-12 || math.Abs(got.Degrees-7*math.Pow(0.017335626063274448/0.028286715462569566, 2)) > 1e-9 {
		t.Errorf("%+v, %v", got, err)
	}
}

// What units do alone grows with a squared distance, and where that is within its
// error of zero no faster. Value, error and what units do alone, 0.0467, by NumPy as
// those of TestUStatistic.
func TestSquaredDistance(t *testing.T) {
	u := NewUStatistic([]int{7, 7, 7, 7, 9, 9, 9, 9, 9})
	for i := range 9 {
		row := make([]float64, 9)
		for j := range row {
			row[j] = math.Sin(float64(i*j+i+j)) + 0.3*float64(i+j)
		}
		u.Add(i, row)
	}
	const value, failure, alone = 2.4190181110201854, 0.25312192250939125, 0.04673508159157583
	for plus, slowest := range map[float64]float64{0: value, 2: value + 2, -2.3: failure, -3: failure} {
		got, err := u.SquaredDistance(plus)
		if err != nil || math.Abs(got.Value-value-plus) > 1e-12 || math.Abs(got.Error-failure) > 1e-12 || math.Abs(got.Growth-alone/slowest) > 1e-12 {
			t.Errorf("%v: %+v, %v", plus, got, err)
		}
	}
}

// Either end is t = 2.776445 (4 degrees) of the errors that are true there away.
func TestIntervalOfAGrowingError(t *testing.T) {
	got := Estimate{Value: 1, Error: 0.2, Degrees: 4, Growth: 0.1}.Interval(0.95)
	for _, x := range []float64{got.Low, got.High} {
		if ratio := math.Abs(x-1) / math.Sqrt(0.04+0.1*(x-1)); math.Abs(ratio-2.7764451052) > 1e-9 {
			t.Errorf("the end %v is %v errors away", x, ratio)
		}
	}
	if plain := (Estimate{Value: 1, Error: 0.2, Degrees: 4}).Interval(0.95); plain.High-1 >= got.High-1 || 1-plain.Low <= 1-got.Low {
		t.Errorf("%v is not farther up than %v", got, plain)
	}
}

// The kernel (a + b)/2 makes the mean, and its error Student's.
func TestUStatisticOfAMeanIsStudent(t *testing.T) {
	u := NewUStatistic(make([]int, len(eightValues)))
	for i, a := range eightValues {
		row := make([]float64, len(eightValues))
		for j, b := range eightValues {
			row[j] = (a + b) / 2
		}
		u.Add(i, row)
	}
	estimate, err := u.Estimate()
	want, _ := Student(eightValues, 0.95)
	// g_i leaves i itself out: the spread is (n-2)/(n-1) of the mean's.
	got := estimate.Interval(0.95)
	if half := (want.High - want.Low) / 2 * 6 / 7; err != nil || math.Abs(got.Value-want.Value) > 1e-12 || math.Abs(got.High-got.Value-half) > 1e-12 {
		t.Errorf("got %v, want %v with half %v (%v)", got, want, half, err)
	}
}

func TestUStatisticOfLittle(t *testing.T) {
	u := NewUStatistic([]int{0, 0, 0})
	if _, err := u.Estimate(); !errors.Is(err, ErrTooFew) {
		t.Errorf("three units: %v", err)
	}
	u = NewUStatistic(make([]int, 6))
	for i := range 6 {
		u.Add(i, []float64{2, 2, 2, 2, 2, 2})
	}
	if _, err := u.Estimate(); !errors.Is(err, ErrNoSpread) || u.Value() != 2 {
		t.Errorf("a constant kernel: %v, %v", u.Value(), err)
	}
}
