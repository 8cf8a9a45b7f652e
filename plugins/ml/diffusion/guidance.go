package diffusion

// Guided is classifier-free guidance (Ho and Salimans 2022, in the form of
// Stable Diffusion): u + scale (c - u), of a network's outputs without and with
// the prompt. A scale of 1 is no guidance. It is written into conditional.
func Guided(unconditional, conditional []float32, scale float64) []float32 {
	for i, u := range unconditional {
		conditional[i] = u + float32(scale)*(conditional[i]-u)
	}
	return conditional
}
