// Package shapesworld is the miniature world: 32x32 scenes of "{count} {color}
// {object} {background}", and small models that know nothing else.
//
// It stands in for photographs (the renderer), Stable Diffusion (the denoiser), CLIP
// (the encoder), and people who rate images (the judge), which take gigabytes, or
// weeks. Every name and every output of it says shapes. The package refuses to make
// a method look good: the renderer and the judge never see which model made an
// image, or why.
package shapesworld
