// Package plugintest is the conformance kit: it holds a plugin against the
// contract, over a real gRPC connection, without a process.
//
//	func TestConformance(t *testing.T) {
//		plugintest.Run(t, myPlugin)
//	}
//
// It checks what the host relies on and cannot see from one answer: the same
// question has the same answer whatever else is asked beside it and in
// whatever order, a cancelled call ends soon and leaves the instance usable,
// images are precomputed to the same bytes whether a call was cancelled or not, the
// same seed gives the same checkpoint, labels that nothing can be learnt from
// are refused, a fit's texts are always the same, prompts are checked without an instance
// and each by itself, and those that the case is about pass, a closed instance answers
// nothing. Rewards that read vectors get made-up ones, or those of Case.Encoder.
// It says nothing about whether the answers are good.
package plugintest
