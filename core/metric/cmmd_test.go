package metric

import (
	"math"
	"strings"
	"testing"
)

// The value is that of NumPy in float64, with x and y as here:
//
//	x, y = x / norm(x, axis=1, keepdims=True), y / norm(y, axis=1, keepdims=True)
//	k = lambda a, b: exp(-(diag(a @ a.T)[:, None] + diag(b @ b.T) - 2 * a @ b.T) / 200)
//	1000 * (k(x, x).mean() + k(y, y).mean() - 2 * k(x, y).mean())
//
// which is cmmd-pytorch's distance.mmd of normalised embeddings.
func TestCMMD(t *testing.T) {
	x, y := make([][]float32, 6), make([][]float32, 4)
	for i := range x {
		for j := range 5 {
			x[i] = append(x[i], float32(math.Sin(float64(1+i*5+j*3))))
		}
	}
	for i := range y {
		for j := range 5 {
			y[i] = append(y[i], float32(math.Cos(float64(2+i*7+j*2))+0.5))
		}
	}
	for _, perPrompt := range []int{0, 1, 2} { // the published value knows no prompts
		metrics, _, err := Fidelity(FidelityInput{Features: featuresOf(x, perPrompt), ReferenceFeatures: featuresOf(y, perPrompt)})
		if err != nil {
			t.Fatal(err)
		}
		m := find(t, metrics, CMMD, "", "")
		if m.Value == nil || !near(*m.Value, 5.34235386628823, 1e-10, 0) || m.Low != nil {
			t.Errorf("%d a prompt: %+v", perPrompt, m)
		}
	}
}

func TestCMMDNamesAFeatureWithoutLength(t *testing.T) {
	metrics, _, err := Fidelity(FidelityInput{Reference: "real", Features: featuresOf([][]float32{{1, 2}, {2, 1}}, 1), ReferenceFeatures: featuresOf([][]float32{{1, 2}, {0, 0}}, 1)})
	if err != nil {
		t.Fatal(err)
	}
	m := find(t, metrics, CMMD, "", "")
	wantNone(t, m)
	if !strings.Contains(m.Note, `image "image 1" of real`) {
		t.Error(m.Note)
	}
	if find(t, metrics, FID, "", "").Value == nil || find(t, metrics, KID, "", "").Value == nil {
		t.Error("FID and KID need no length")
	}
}
