// Package guidance is classifier-free guidance (Ho and Salimans 2022), as every
// sampler here does it: training leaves captions out (DropCaption), so that the
// network predicts with a prompt and without, and sampling goes on from the
// second prediction towards the first one and beyond (Guide).
//
// The package refuses to know what a caption is, and how a network is told that
// there is none.
package guidance

import . "github.com/gomlx/gomlx/core/graph"

// Guide combines a network's outputs without and with the prompt, which have the
// same shape (algorithm 2, in the form of Stable Diffusion; its scale is the
// paper's w + 1):
//
//	unconditional + scale (conditional - unconditional)
//
// scale is a scalar; 1 is no guidance.
func Guide(unconditional, conditional, scale *Node) *Node {
	return Add(unconditional, Mul(scale, Sub(conditional, unconditional)))
}
