// Package labelling is the room of people: who labels and judges images, and what their
// answers are worth.
//
// It refuses to decide for anybody: that a rater's answers look odd is said, and nobody's
// are dropped.
package labelling
