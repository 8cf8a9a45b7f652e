package latentcache

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/models/vae"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/preprocess"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Request asks for the cache of a table of images.
type Request struct {
	sdk.PrecomputeRequest
	Autoencoder   vae.Config        // whose encoder makes the latents
	Weights       *model.Store      // the autoencoder's
	Height, Width int               // of images, in pixels; others are resized and cropped by preprocess.Fill
	Batch         int               // images that are encoded at once
	DType         safetensors.DType // of the files' tensors: F32, or F16 for half of the space
	// Conditions are the dimensions of what Encode returns.
	Conditions conditioning.Shapes
	// Caption is called once for each distinct caption, also when a job is resumed;
	// may be nil.
	Caption func(caption string)
	// Encode returns the conditions of captions, each flat, of the dimensions of
	// Conditions.
	Encode func(ctx context.Context, captions []string) ([]conditioning.Of[[]float32], error)
}

// Precompute encodes a table of images and its captions, each image and each
// distinct caption once, into a directory that Open reads.
//
// Files are finished and sealed one by one in the scratch directory; a job that was
// killed finds those that were, so it loses the images of one file at most, and what
// is damaged. In memory
// are the rows of a file of images and of one of captions, and 16 bytes and a
// number for each distinct caption.
func Precompute(ctx context.Context, backend compute.Backend, r Request, report func(sdk.Progress) error) error {
	total, err := table.Rows(r.Images)
	if err != nil {
		return err
	}
	if total == 0 {
		return sdk.Diagnostic{Summary: "There are no images to precompute", Detail: "The table " + r.Images + " is empty."}
	}
	if r.Batch < 1 || imagesPerFile%r.Batch != 0 {
		return fmt.Errorf("batches of %d images do not fill a file of %d", r.Batch, imagesPerFile)
	}
	factor := r.Autoencoder.Factor()
	w := &writer{
		request: r,
		layout: layout{
			Format: layoutFormat, DType: r.DType, Images: total,
			Latents: [3]int{r.Height / factor, r.Width / factor, r.Autoencoder.LatentChannels}, Conditions: r.Conditions,
		},
		sealed: map[string]string{},
		known:  map[[16]byte]int64{},
	}
	w.encode, err = model.NewExec(backend, r.Weights, func(_ *model.Scope, in []*Node) []*Node {
		mean, logVariance := r.Autoencoder.Encode(nn.LoadedParams(r.Weights), in[0])
		return []*Node{mean, r.Autoencoder.Deviation(logVariance)}
	})
	if err != nil {
		return fmt.Errorf("build encoder: %w", err)
	}
	defer w.encode.Finalize()
	return w.run(ctx, report)
}

// writer is a Precompute under way.
type writer struct {
	request Request
	encode  *model.Exec
	layout
	sealed map[string]string  // of each finished file where it is
	known  map[[16]byte]int64 // numbers of captions, by the start of their SHA-256

	captions []string // that are not written yet

	// The file of latents that is being filled.
	done            bool // it was finished before, and is intact
	mean, deviation []float32
	caption, ids    []int64
	pixels          []float32 // that are not encoded yet
	names           []string  // the IDs of their images
}

func (w *writer) run(ctx context.Context, report func(sdk.Progress) error) error {
	if _, err := w.number(ctx, ""); err != nil { // the first caption, always
		return err
	}
	row := 0
	for image, err := range table.Read[table.Image](w.request.Images) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = w.add(ctx, row, image)
		}
		if err != nil {
			return err
		}
		row++
		if row < w.Images && !w.done && len(w.pixels) > 0 {
			continue // it is not encoded yet
		}
		if row == w.Images {
			break // the last report is for all that is written
		}
		if err := report(sdk.Progress{Step: row, Steps: w.Images}); err != nil {
			return err
		}
	}
	if row != w.Images {
		return fmt.Errorf("the table %s has %d images, its footer claims %d", w.request.Images, row, w.Images)
	}
	if err := w.writeCaptions(ctx); err != nil {
		return err
	}
	if err := w.finish(); err != nil {
		return err
	}
	return report(sdk.Progress{Step: row, Steps: w.Images})
}

// add takes in the image of a row of the table.
func (w *writer) add(ctx context.Context, row int, image table.Image) error {
	file := row / imagesPerFile
	if row%imagesPerFile == 0 {
		var err error
		if w.done, err = w.finished(ctx, latentsFile(file), w.latentsNeed(file)); err != nil {
			return err
		}
	}
	caption, err := w.number(ctx, image.Prompt)
	if err != nil || w.done {
		return err
	}
	picture, err := imaging.Decode(image.Image.Bytes, imaging.Exchanged)
	if err != nil {
		return sdk.Diagnostic{
			Summary: fmt.Sprintf("Image %q cannot be read", image.ID),
			Detail:  fmt.Sprintf("%v. It is image %d of the table %s. Take it out of what the table is made of, or replace it.", err, row+1, w.request.Images),
		}
	}
	fitting := preprocess.Fill(picture, w.request.Width, w.request.Height)
	for _, b := range fitting.RGB {
		w.pixels = append(w.pixels, float32(b)/255*2-1)
	}
	w.names = append(w.names, image.ID)
	w.caption = append(w.caption, caption)
	w.ids = append(w.ids, imageDigest(image.ID))
	whole := len(w.ids) == rowsIn(file, w.Images, imagesPerFile)
	if len(w.names) == w.request.Batch || whole {
		if err := w.encodePixels(); err != nil {
			return err
		}
	}
	if whole {
		return w.writeLatents(file)
	}
	return nil
}

// encodePixels encodes the images that are not encoded yet, in a batch that is
// filled up to its size: an image's numbers do not depend on how many there are.
func (w *writer) encodePixels() error {
	const colors = 3
	count := len(w.names)
	pixels := make([]float32, w.request.Batch*w.request.Height*w.request.Width*colors)
	copy(pixels, w.pixels)
	input := tensors.FromFlatDataAndDimensions(pixels, w.request.Batch, w.request.Height, w.request.Width, colors)
	defer input.MustFinalizeAll()
	outputs, err := w.encode.Exec(input)
	if err != nil {
		return fmt.Errorf("encode images: %w", err)
	}
	each := w.Latents[0] * w.Latents[1] * w.Latents[2]
	for i, into := range []*[]float32{&w.mean, &w.deviation} {
		values := tensors.MustCopyFlatData[float32](outputs[i])[:count*each]
		outputs[i].MustFinalizeAll()
		for j, v := range values {
			if err := w.writable(v, func() string { return fmt.Sprintf("Image %q has latents", w.names[j/each]) }); err != nil {
				return err
			}
		}
		*into = append(*into, values...)
	}
	w.pixels, w.names = w.pixels[:0], w.names[:0]
	return nil
}

// largestHalf is the largest number in F16.
const largestHalf = 65504

// writable refuses numbers that cannot be written. what names their owner.
func (w *writer) writable(v float32, what func() string) error {
	size := math.Abs(float64(v))
	switch {
	case math.IsNaN(size) || math.IsInf(size, 0):
		return sdk.Diagnostic{
			Summary: fmt.Sprintf("%s with %v in them", what(), v),
			Detail:  "The model's weights are damaged, or are those of a model that cannot compute in this precision.",
		}
	case w.DType == safetensors.F16 && size > largestHalf:
		return sdk.Diagnostic{
			Summary: fmt.Sprintf("%s with %v in them, which float16 does not hold", what(), v),
			Detail:  `Write precomputed_dtype = "float32" in the sampler's block.`,
		}
	}
	return nil
}

// number returns the number of a caption. New captions are encoded together.
func (w *writer) number(ctx context.Context, caption string) (int64, error) {
	digest := sha256.Sum256([]byte(caption))
	key := [16]byte(digest[:])
	if number, ok := w.known[key]; ok {
		return number, nil
	}
	number := int64(len(w.known))
	w.known[key] = number
	if w.request.Caption != nil {
		w.request.Caption(caption)
	}
	w.captions = append(w.captions, caption)
	if len(w.captions) == captionsPerFile {
		return number, w.writeCaptions(ctx)
	}
	return number, nil
}

// writeCaptions encodes the captions that are not written yet, and writes their
// file, the last one so far.
func (w *writer) writeCaptions(ctx context.Context) error {
	w.Captions = len(w.known)
	if len(w.captions) == 0 {
		return nil
	}
	number := (len(w.known) - 1) / captionsPerFile
	name := captionsFile(number)
	if done, err := w.finished(ctx, name, w.captionsNeed(number)); err != nil || done {
		w.captions = nil
		return err
	}
	encoded, err := w.request.Encode(ctx, w.captions)
	if err != nil {
		return err
	}
	if len(encoded) != len(w.captions) {
		return fmt.Errorf("%d captions were encoded to the conditions of %d", len(w.captions), len(encoded))
	}
	rows := map[string][]float32{}
	for i, conditions := range encoded {
		for _, condition := range w.Conditions.Names() {
			values := conditions[condition]
			if want := safetensors.Size(w.Conditions[condition]); len(values) != want {
				return fmt.Errorf("%s of a caption has %d numbers, expected %d: %v", condition, len(values), want, w.Conditions[condition])
			}
			for _, v := range values {
				if err := w.writable(v, func() string { return fmt.Sprintf("Caption %q has embeddings", w.captions[i]) }); err != nil {
					return err
				}
			}
			rows[condition] = append(rows[condition], values...)
		}
	}
	w.captions = nil
	return w.write(name, w.captionsNeed(number), rows, nil)
}

// writeLatents writes the file of latents that was filled.
func (w *writer) writeLatents(number int) error {
	err := w.write(latentsFile(number), w.latentsNeed(number),
		map[string][]float32{"mean": w.mean, "deviation": w.deviation},
		map[string][]int64{"caption": w.caption, "id": w.ids})
	w.mean, w.deviation, w.caption, w.ids = w.mean[:0], w.deviation[:0], w.caption[:0], w.ids[:0]
	return err
}

// write puts a file into the scratch directory, whole or not at all.
func (w *writer) write(name string, need map[string]safetensors.Info, floats map[string][]float32, integers map[string][]int64) error {
	file := &safetensors.File{
		Tensors: map[string]safetensors.Tensor{}, Integers: map[string]safetensors.Integers{}, Types: map[string]safetensors.DType{},
	}
	for tensor, values := range floats {
		file.Tensors[tensor] = safetensors.Tensor{Dims: need[tensor].Dims, Data: values}
		file.Types[tensor] = w.DType
	}
	for tensor, values := range integers {
		file.Integers[tensor] = safetensors.Integers{DType: need[tensor].DType, Dims: need[tensor].Dims, Data: values}
	}
	path := filepath.Join(w.request.Scratch, name)
	if err := file.Write(path); err != nil {
		return err
	}
	if err := sealed.Seal(path); err != nil {
		return err
	}
	at, err := sealed.Find(path)
	w.sealed[name] = at
	return err
}

// finished reports whether a file is in the scratch directory and intact.
func (w *writer) finished(ctx context.Context, name string, need map[string]safetensors.Info) (bool, error) {
	path := filepath.Join(w.request.Scratch, name)
	at, err := sealed.Find(path)
	if damaged := new(*sealed.Damaged); errors.As(err, damaged) {
		sdk.Repaired(ctx, fmt.Sprintf("What was precomputed is damaged (%s), and made again.", path))
		err = nil
	}
	if err != nil || at == "" {
		return false, err
	}
	r, err := openFile(at, need)
	if err != nil {
		return false, nil // of other images
	}
	w.sealed[name] = at
	return true, r.Close()
}

// finish moves all files to the output, the layout last.
func (w *writer) finish() error {
	var names []string
	for i := range filesFor(w.Images, imagesPerFile) {
		names = append(names, latentsFile(i))
	}
	for i := range filesFor(w.Captions, captionsPerFile) {
		names = append(names, captionsFile(i))
	}
	for _, name := range names {
		if err := os.Rename(w.sealed[name], filepath.Join(w.request.Output, name)); err != nil {
			return fmt.Errorf("finish latent cache: %w", err)
		}
	}
	text, err := json.MarshalIndent(w.layout, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(w.request.Output, layoutFile), append(text, '\n'), 0o644)
	}
	if err != nil {
		return errors.Join(errors.New("finish latent cache"), err)
	}
	return nil
}
