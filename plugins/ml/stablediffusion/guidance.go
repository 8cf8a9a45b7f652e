package stablediffusion

import . "github.com/gomlx/gomlx/core/graph"

// guided is classifier-free guidance (Ho and Salimans 2022, in the form of
// Stable Diffusion): u + scale (c - u), of a network's outputs without and with
// the prompt. A scale of 1 is no guidance; it is a scalar.
func guided(unconditional, conditional, scale *Node) *Node {
	return Add(unconditional, Mul(scale, Sub(conditional, unconditional)))
}
