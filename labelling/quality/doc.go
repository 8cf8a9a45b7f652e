// Package quality says how far raters can be relied on: whether they agree with each
// other beyond chance, with themselves and with gold answers, what they say together, and
// who answers otherwise than all the others.
//
// Answers are categories of items, such as good and bad of images; an answer that was
// skipped is no answer. Items stand in clusters, their prompts, which is what intervals
// are over.
package quality
