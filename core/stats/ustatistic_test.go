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
