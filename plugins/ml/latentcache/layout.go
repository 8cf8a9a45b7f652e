package latentcache

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// The cache of a table of images is a directory:
//
//	latentcache.json              layout: the sizes and counts of the rest
//	latents-00000.safetensors     imagesPerFile images in the order of the table:
//	                              mean, deviation [images, height, width, channels],
//	                              caption (I32) [images], a row of captions,
//	                              id (I64) [images], a digest of the image's ID
//	captions-00000.safetensors    captionsPerFile captions in the order in which
//	                              the table names them first, after the empty one:
//	                              each condition by its name, such as
//	                              context [captions, tokens, width]
//
// Latents are those of the autoencoder's encoder, before its scaling factor. An
// image of 512 x 512 pixels takes 128 KiB (2 x 64 x 64 x 4 numbers), a distinct
// caption of Stable Diffusion v1 231 KiB (77 x 768); half of that in F16.
const (
	layoutFile      = "latentcache.json"
	layoutFormat    = "plumb latent cache 1"
	imagesPerFile   = 64
	captionsPerFile = 64
)

// layout is latentcache.json.
type layout struct {
	Format     string              `json:"format"`
	DType      safetensors.DType   `json:"dtype"`      // F32 or F16
	Latents    [3]int              `json:"latents"`    // [height, width, channels]
	Conditions conditioning.Shapes `json:"conditions"` // of one caption
	Images     int                 `json:"images"`
	Captions   int                 `json:"captions"` // distinct ones, and the empty one
}

func latentsFile(number int) string  { return fmt.Sprintf("latents-%05d.safetensors", number) }
func captionsFile(number int) string { return fmt.Sprintf("captions-%05d.safetensors", number) }

// filesFor is the number of files that hold count rows.
func filesFor(count, perFile int) int { return (count + perFile - 1) / perFile }

// rowsIn is the number of rows, of count in all, in the file of that number.
func rowsIn(number, count, perFile int) int { return min(perFile, count-number*perFile) }

// latentsNeed and captionsNeed are the tensors in the file of that number.
func (l layout) latentsNeed(number int) map[string]safetensors.Info {
	rows := rowsIn(number, l.Images, imagesPerFile)
	dims := append([]int{rows}, l.Latents[:]...)
	return map[string]safetensors.Info{
		"mean": {DType: l.DType, Dims: dims}, "deviation": {DType: l.DType, Dims: dims},
		"caption": {DType: safetensors.I32, Dims: []int{rows}}, "id": {DType: safetensors.I64, Dims: []int{rows}},
	}
}

func (l layout) captionsNeed(number int) map[string]safetensors.Info {
	rows := rowsIn(number, l.Captions, captionsPerFile)
	need := map[string]safetensors.Info{}
	for name, dims := range l.Conditions {
		need[name] = safetensors.Info{DType: l.DType, Dims: append([]int{rows}, dims...)}
	}
	return need
}

// openFile opens a file and checks its tensors against those that it needs.
func openFile(path string, need map[string]safetensors.Info) (*safetensors.Reader, error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	if names := r.Names(); len(names) != len(need) {
		return nil, errors.Join(fmt.Errorf("%s holds the tensors %q", path, names), r.Close())
	}
	for _, name := range slices.Sorted(maps.Keys(need)) {
		want := need[name]
		if have, ok := r.Info(name); !ok || have.String() != want.String() {
			return nil, errors.Join(fmt.Errorf("%s: tensor %q is %s, expected %s", path, name, have, want), r.Close())
		}
	}
	return r, nil
}

// imageDigest is a digest of an image's ID.
func imageDigest(id string) int64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return int64(h.Sum64())
}

// largestCount bounds the numbers in a layout, so that no product of sizes
// overflows.
const largestCount = 1 << 30

func (l layout) check() error {
	if l.Format != layoutFormat {
		return fmt.Errorf("its format is %q, expected %q", l.Format, layoutFormat)
	}
	if l.DType != safetensors.F32 && l.DType != safetensors.F16 {
		return fmt.Errorf("its dtype is %q, expected F32 or F16", l.DType)
	}
	if len(l.Conditions) == 0 {
		return errors.New("it has no conditions")
	}
	sizes := append([]int{l.Images, l.Captions}, l.Latents[:]...)
	for _, name := range l.Conditions.Names() {
		sizes = append(sizes, l.Conditions[name]...)
	}
	for _, size := range sizes {
		if size < 1 || size > largestCount {
			return fmt.Errorf("a size of %d in it is impossible", size)
		}
	}
	return nil
}
