// Package diffusion holds what a diffusion model is trained and sampled with: the
// forward process (AddNoise), what a network predicts (Prediction), noise
// schedules, and the solvers that go from noise to an image, one a file.
//
// An image is sampled by a Process. The way of a call:
//
//  1. Process.Sample looks a Sampling's solver up in the registry, solver.go.
//  2. The solver's Spacing puts its steps on the noise schedule: a Path.
//  3. The solver walks along the path. At a noise level it asks a Denoiser, which
//     runs the network and solves its output for x_0 and the noise.
//
// A published model's Process comes of its scheduler_config.json
// (SchedulerConfig), any other one is written down as a literal.
//
// The package works on plain float32 slices. It refuses to know what the numbers
// are, pixels or latents, where the network runs, and how its output is guided.
package diffusion
