package diffusion

import "math"

// dpmpp2m is DPM-Solver++(2M), the second-order multistep solver of Lu et al.
// 2022, algorithm 2. With lambda = log(alpha / sigma) and h_i = lambda(s) -
// lambda(t), a step from t to s is
//
//	D   = (1 + 1/2r) x_0(t) - 1/2r x_0(previous t),  r = h_{i-1} / h_i
//	x_s = sigma_s / sigma_t x_t - alpha_s (exp(-h_i) - 1) D
//
// The first step is of first order (D = x_0), and so is the last one if it ends
// at no noise or the path says so.
func dpmpp2m(path Path, x []float32, denoiser Denoiser, _ Fresh) error {
	var previous []float32
	var previousH float64
	for i, step := range path.Steps {
		// 1. predict x_0 at t
		clean, _, err := denoiser.Predict(x, step.From)
		if err != nil {
			return err
		}
		t, s := step.From, step.To
		if s.Sigma == 0 { // h is infinite, the step's limit is x_0
			copy(x, clean)
			return nil
		}
		// 2. the step's length, and its order
		h := s.logSNR() - t.logSNR()
		keep := float32(s.Sigma / t.Sigma)
		gain := float32(-s.Alpha * math.Expm1(-h))
		first := previous == nil || path.LowerFinal && i == len(path.Steps)-1
		// 3. from t to s
		for j := range x {
			d := clean[j]
			if !first {
				half := float32(h / previousH / 2) // 1 / 2r
				d += half * (clean[j] - previous[j])
			}
			x[j] = keep*x[j] + gain*d
		}
		previous, previousH = clean, h
	}
	return nil
}
