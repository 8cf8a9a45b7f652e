package plan

import (
	"crypto/sha256"
	"encoding/binary"
)

// DeriveSeed makes the seed of one part of an experiment from the experiment's
// seed and the part's name, such as "evaluate/main" or "tune/full".
//
// It is the first eight bytes, big-endian, of
//
//	sha256("plumb seed 1\x00" + seed as 8 bytes big-endian + name)
//
// Changing this changes every result: raise all code versions if you do.
func DeriveSeed(experiment uint64, name string) uint64 {
	hash := sha256.New()
	hash.Write([]byte("plumb seed 1\x00"))
	hash.Write(binary.BigEndian.AppendUint64(nil, experiment))
	hash.Write([]byte(name))
	return binary.BigEndian.Uint64(hash.Sum(nil))
}

// ImageSeed makes the seed of one image from its stage's seed, the prompt's
// text and the image's index among the images of its prompt. It knows nothing
// of batches, of order, or of the model that draws: the images of all models
// of an evaluation share their seeds, and models are compared pair by pair.
//
// It is the first eight bytes, big-endian, of
//
//	sha256("plumb image 1\x00" + stage seed as 8 bytes + index as 8 bytes + prompt)
func ImageSeed(stage uint64, prompt string, index int) uint64 {
	hash := sha256.New()
	hash.Write([]byte("plumb image 1\x00"))
	hash.Write(binary.BigEndian.AppendUint64(nil, stage))
	hash.Write(binary.BigEndian.AppendUint64(nil, uint64(index)))
	hash.Write([]byte(prompt))
	return binary.BigEndian.Uint64(hash.Sum(nil))
}

// SubsetPriority orders images for a random subset, lowest first. It depends on
// the seed and the image's ID alone, so a larger subset holds every smaller one.
//
// It is the first eight bytes, big-endian, of
//
//	sha256("plumb draw 1\x00" + seed as 8 bytes + image ID)
func SubsetPriority(seed uint64, imageID string) uint64 {
	hash := sha256.New()
	hash.Write([]byte("plumb draw 1\x00"))
	hash.Write(binary.BigEndian.AppendUint64(nil, seed))
	hash.Write([]byte(imageID))
	return binary.BigEndian.Uint64(hash.Sum(nil))
}

// PairPriority orders pairs of images for a random subset, lowest first, and says
// whether the image whose ID sorts second is shown first. It depends on the seed
// and the two IDs alone, in either order: a larger subset holds every smaller one.
//
// With a < b the IDs as bytes, it is the first eight bytes, big-endian, and the
// lowest bit of the ninth, of
//
//	sha256("plumb pair 1\x00" + seed as 8 bytes + length of a as 8 bytes + a + b)
func PairPriority(seed uint64, one, other string) (priority uint64, swapped bool) {
	a, b := min(one, other), max(one, other)
	message := append(make([]byte, 0, 32+len(a)+len(b)), "plumb pair 1\x00"...)
	message = binary.BigEndian.AppendUint64(message, seed)
	message = binary.BigEndian.AppendUint64(message, uint64(len(a)))
	message = append(append(message, a...), b...)
	sum := sha256.Sum256(message)
	return binary.BigEndian.Uint64(sum[:]), sum[8]&1 == 1
}
