// Package imaging reads, writes and resizes images: 8-bit RGB of one size, the
// form in which the stages of an experiment hand images on.
//
// There is one law for a file, and one option of it, the Origin:
//
//   - An image has 1 to MaxPixels pixels, by its header, before memory is
//     asked for.
//   - Grey and palettes become RGB. A picture is turned upright by the Exif or XMP
//     data of its file.
//   - Exchanged, the origin of what a stage or a plugin has made, is PNG alone.
//     What 8-bit RGB cannot hold is refused: 16 bits a channel, and pixels that
//     are not opaque. An alpha channel of opaque pixels is ignored.
//   - Foreign, the origin of what people bring along, is PNG, JPEG, WebP (not
//     animated) or BMP; a file of another kind, or of a form of these that is not
//     read, is refused by its name. What 8-bit RGB cannot hold is dropped as Pillow's
//     convert("RGB") drops it: alpha without a background put behind it, whatever
//     colours are there, and the lower 8 of 16 bits.
//
// Bytes are those of the libraries that the field's pipelines are built on:
// libjpeg's and libwebp's chroma, Pillow's resizing. A decoder or a resize of
// another kind moves embeddings and Fréchet distances more than many an effect
// that is measured with them.
//
// The package refuses to know of gRPC, of tensors and of models: how a model
// wants its input prepared is the model's affair. It never writes a lossy file.
package imaging
