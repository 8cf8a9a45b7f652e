// Package objective holds what a text-to-image model is fine-tuned by: the losses
// that an experiment names, one a file with its equation, how a step is made of
// them, and the job as a whole.
//
// To add a loss, write its file and its row in the list of kinds (kind.go): it
// then works for every sampler. A loss learns from tables of images and of what is
// known of them (Sets), and is arithmetic on the denoising errors of a network and,
// if it asks for one, of a frozen reference.
//
// The package refuses to know the model. What a network is, which noise its images
// get and what it is conditioned on comes from outside, as a Policy.
package objective
