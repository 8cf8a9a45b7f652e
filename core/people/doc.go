// Package people holds what an experiment asks people, about what, and what they
// said: questions, items and judgements. An item is named by its content, the prompt
// and the pixels of its images, so that judgements outlive runs, seeds and edits of the
// experiment, and tell nobody which model drew an image. Package
// core/people/database keeps judgements; package labelling asks for them.
package people
