// Package latentcache holds what a fine-tuning of a latent diffusion model reads in
// place of images and captions, computed once: the latents of images and the
// conditions of captions, such as their embeddings. Precompute fills a directory,
// Open reads directories.
//
// The package refuses to know the denoising network, and how captions become
// conditions: it stores these by name.
package latentcache
