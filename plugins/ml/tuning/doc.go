// Package tuning is what the fine-tuning of every sampler shares: which losses
// there are, which images a step learns from and with what weight, the objective
// that is made of them, and the job as a whole.
//
// The package refuses to know the model: what an example is turned into, and
// how the network answers to it, comes from outside.
package tuning
