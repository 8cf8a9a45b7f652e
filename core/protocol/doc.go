// Package protocol says how a number was made: by which version of a metric, over which
// images of which prompts, drawn from which seeds and how large, and what looked at them,
// with its weights, its resizing and its arithmetic. Two numbers of different protocols
// may not stand side by side, and this package says what differs.
//
// All of it is read out of the records of the stages behind the number: what they had in
// their keys is what the number depends on.
//
// What the package refuses to do: it never fills in what a record does not say, such as
// the size of images that an earlier Plumb drew. That is "not recorded", and a reason to
// be careful, not to be silent.
package protocol
