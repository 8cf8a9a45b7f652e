// Package conformance holds a plugin against the contract, in whatever language it is
// written: over a connection, with a process behind it or without.
//
// Checks are what the host relies on and cannot see from one answer: the same question
// has the same answer whatever else is asked beside it and in whatever order, a
// cancelled call ends soon and leaves the instance usable, images are precomputed to the
// same bytes whether a call was cancelled or not, the same seed gives the same
// checkpoint, labels that nothing can be learnt from are refused, a fit's texts are
// always the same, prompts are checked without an instance and each by itself, and those
// that the case is about pass, a closed instance answers nothing.
//
// Trials go beyond: hard prompts, images of all sizes, many images, several instances,
// wrong options, and findings about answers that do not follow from what is read.
// Golden scores are those that a plugin ships with images.
//
// Package plugintest is its face for `go test`, `plumb plugin check` that for the
// command line. The package starts no process and refuses to judge whether answers are
// good.
package conformance
