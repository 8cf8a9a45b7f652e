// Package shapesworld is the miniature world: 32x32 scenes of "{count} {color}
// {object} {background}", and small models that know nothing else.
//
// It stands in for what is gigabytes elsewhere: photographs (the renderer),
// Stable Diffusion (the denoiser), CLIP (the encoder), and people who look at
// images (the judge). Every name and every output that comes from here says
// shapes. The package refuses to make a method look good: the renderer and the
// judge never see which model drew an image, or why.
package shapesworld
