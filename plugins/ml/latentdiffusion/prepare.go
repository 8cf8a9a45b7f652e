package latentdiffusion

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

	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/preprocess"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// PrepareRequest says what to prepare, and how.
type PrepareRequest struct {
	sdk.PrepareRequest
	Height, Width int               // of images, in pixels; others are resized and cropped as imaging.Fill does
	Batch         int               // images that are encoded at once
	Text          [2]int            // size of an embedding: [tokens, width]
	DType         safetensors.DType // of what is written: F32, or F16 for half of the space
	// Caption hears of every distinct caption, also in a job that goes on; may be nil.
	Caption func(caption string)
	// Embed gives the embeddings of captions, flat, of size Text each.
	Embed func(ctx context.Context, captions []string) ([][]float32, error)
}

// Prepare encodes a table of images and its captions, each image and each
// distinct caption once, into a directory that OpenPrepared reads.
//
// Files are finished one by one in the scratch directory; a job that was killed
// finds those that were, so it loses the images of one file at most. In memory
// are the rows of a file of images and of one of captions, and 16 bytes and a
// number for each distinct caption.
func (m *Model) Prepare(ctx context.Context, backend compute.Backend, r PrepareRequest, report func(sdk.Progress) error) error {
	total, err := table.Rows(r.Images)
	if err != nil {
		return err
	}
	if total == 0 {
		return sdk.Diagnostic{Summary: "There are no images to prepare", Detail: "The table " + r.Images + " is empty."}
	}
	if r.Batch < 1 || imagesPerFile%r.Batch != 0 {
		return fmt.Errorf("batches of %d images do not fill a file of %d", r.Batch, imagesPerFile)
	}
	factor := m.VAE.Factor()
	p := &preparer{
		request: r, model: m,
		layout: layout{
			Format: layoutFormat, DType: r.DType, Images: total,
			Latents: [3]int{r.Height / factor, r.Width / factor, m.VAE.LatentChannels}, Text: r.Text,
		},
		known: map[[16]byte]int64{},
	}
	p.encode, err = model.NewExec(backend, m.VAEStore, func(_ *model.Scope, in []*Node) []*Node {
		mean, logVariance := m.VAE.Encode(nn.LoadedParams(m.VAEStore), in[0])
		return []*Node{mean, m.VAE.Deviation(logVariance)}
	})
	if err != nil {
		return fmt.Errorf("build encoder: %w", err)
	}
	defer p.encode.Finalize()
	return p.run(ctx, report)
}

// preparer is a Prepare at work.
type preparer struct {
	request PrepareRequest
	model   *Model
	encode  *model.Exec
	layout
	known map[[16]byte]int64 // numbers of captions, by the start of their SHA-256

	captions []string // of the file that is not written yet

	// Of the file of latents that is being filled.
	done            bool // it was finished before
	mean, deviation []float32
	caption, ids    []int64
	waiting         []float32 // pixels that are not encoded yet
	names           []string  // the IDs of their images
}

func (p *preparer) run(ctx context.Context, report func(sdk.Progress) error) error {
	if _, err := p.number(ctx, ""); err != nil { // the first caption, always
		return err
	}
	row := 0
	for image, err := range table.Read[table.Image](p.request.Images) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = p.add(ctx, row, image)
		}
		if err != nil {
			return err
		}
		row++
		if row < p.Images && !p.done && len(p.waiting) > 0 {
			continue // it is not encoded yet
		}
		if row == p.Images {
			break // the last report is for all that is written
		}
		if err := report(sdk.Progress{Step: row, Steps: p.Images}); err != nil {
			return err
		}
	}
	if row != p.Images {
		return fmt.Errorf("the table %s has %d images, its footer claims %d", p.request.Images, row, p.Images)
	}
	if err := p.writeCaptions(ctx); err != nil {
		return err
	}
	if err := p.finish(); err != nil {
		return err
	}
	return report(sdk.Progress{Step: row, Steps: p.Images})
}

// add takes in the image of a row of the table.
func (p *preparer) add(ctx context.Context, row int, image table.Image) error {
	file := row / imagesPerFile
	if row%imagesPerFile == 0 {
		p.done = p.finished(latentsFile(file), p.latentsNeed(file))
	}
	caption, err := p.number(ctx, image.Prompt)
	if err != nil || p.done {
		return err
	}
	picture, err := imaging.Decode(image.Image.Bytes, imaging.Exchanged)
	if err != nil {
		return sdk.Diagnostic{
			Summary: fmt.Sprintf("Image %q cannot be read", image.ID),
			Detail:  fmt.Sprintf("%v. It is image %d of the table %s. Take it out of what the table is made of, or replace it.", err, row+1, p.request.Images),
		}
	}
	fitting := preprocess.Fill(picture, p.request.Width, p.request.Height)
	for _, b := range fitting.RGB {
		p.waiting = append(p.waiting, float32(b)/255*2-1)
	}
	p.names = append(p.names, image.ID)
	p.caption = append(p.caption, caption)
	p.ids = append(p.ids, imageDigest(image.ID))
	whole := len(p.ids) == rowsIn(file, p.Images, imagesPerFile)
	if len(p.names) == p.request.Batch || whole {
		if err := p.encodeWaiting(); err != nil {
			return err
		}
	}
	if whole {
		return p.writeLatents(file)
	}
	return nil
}

// encodeWaiting encodes the images that wait, in a batch that is filled up to
// its size: an image's numbers do not depend on how many there are.
func (p *preparer) encodeWaiting() error {
	const colors = 3
	count := len(p.names)
	pixels := make([]float32, p.request.Batch*p.request.Height*p.request.Width*colors)
	copy(pixels, p.waiting)
	input := tensors.FromFlatDataAndDimensions(pixels, p.request.Batch, p.request.Height, p.request.Width, colors)
	defer input.MustFinalizeAll()
	outputs, err := p.encode.Exec(input)
	if err != nil {
		return fmt.Errorf("encode images: %w", err)
	}
	each := p.Latents[0] * p.Latents[1] * p.Latents[2]
	for i, into := range []*[]float32{&p.mean, &p.deviation} {
		values := tensors.MustCopyFlatData[float32](outputs[i])[:count*each]
		outputs[i].MustFinalizeAll()
		for j, v := range values {
			if err := p.writable(v, func() string { return fmt.Sprintf("Image %q has latents", p.names[j/each]) }); err != nil {
				return err
			}
		}
		*into = append(*into, values...)
	}
	p.waiting, p.names = p.waiting[:0], p.names[:0]
	return nil
}

// largestHalf is the largest number that F16 holds.
const largestHalf = 65504

// writable refuses numbers that cannot be written.
func (p *preparer) writable(v float32, what func() string) error {
	size := math.Abs(float64(v))
	switch {
	case math.IsNaN(size) || math.IsInf(size, 0):
		return sdk.Diagnostic{
			Summary: fmt.Sprintf("%s with %v in them", what(), v),
			Detail:  "The model's weights are damaged, or are those of a model that cannot compute in this precision.",
		}
	case p.DType == safetensors.F16 && size > largestHalf:
		return sdk.Diagnostic{
			Summary: fmt.Sprintf("%s with %v in them, which float16 does not hold", what(), v),
			Detail:  `Write prepared_dtype = "float32" in the sampler's block.`,
		}
	}
	return nil
}

// number is the number of a caption. A new one is embedded with others.
func (p *preparer) number(ctx context.Context, caption string) (int64, error) {
	digest := sha256.Sum256([]byte(caption))
	key := [16]byte(digest[:])
	if number, ok := p.known[key]; ok {
		return number, nil
	}
	number := int64(len(p.known))
	p.known[key] = number
	if p.request.Caption != nil {
		p.request.Caption(caption)
	}
	p.captions = append(p.captions, caption)
	if len(p.captions) == captionsPerFile {
		return number, p.writeCaptions(ctx)
	}
	return number, nil
}

// writeCaptions embeds the captions that wait and writes their file, the last
// of those that there are so far.
func (p *preparer) writeCaptions(ctx context.Context) error {
	p.Captions = len(p.known)
	if len(p.captions) == 0 {
		return nil
	}
	number := (len(p.known) - 1) / captionsPerFile
	name := captionsFile(number)
	if p.finished(name, p.captionsNeed(number)) {
		p.captions = nil
		return nil
	}
	embeddings, err := p.request.Embed(ctx, p.captions)
	if err != nil {
		return err
	}
	each := p.Text[0] * p.Text[1]
	text := make([]float32, 0, len(p.captions)*each)
	for i, embedding := range embeddings {
		for _, v := range embedding {
			if err := p.writable(v, func() string { return fmt.Sprintf("Caption %q has embeddings", p.captions[i]) }); err != nil {
				return err
			}
		}
		text = append(text, embedding...)
	}
	if len(embeddings) != len(p.captions) || len(text) != len(p.captions)*each {
		return fmt.Errorf("%d embeddings of %d numbers for %d captions, want %v each", len(embeddings), len(text), len(p.captions), p.Text)
	}
	p.captions = nil
	return p.write(name, p.captionsNeed(number), map[string][]float32{"text": text}, nil)
}

// writeLatents writes the file of latents that is full.
func (p *preparer) writeLatents(number int) error {
	err := p.write(latentsFile(number), p.latentsNeed(number),
		map[string][]float32{"mean": p.mean, "deviation": p.deviation},
		map[string][]int64{"caption": p.caption, "id": p.ids})
	p.mean, p.deviation, p.caption, p.ids = p.mean[:0], p.deviation[:0], p.caption[:0], p.ids[:0]
	return err
}

// write puts a file into the scratch directory, whole or not at all.
func (p *preparer) write(name string, need map[string]safetensors.Info, floats map[string][]float32, integers map[string][]int64) error {
	file := &safetensors.File{
		Tensors: map[string]safetensors.Tensor{}, Integers: map[string]safetensors.Integers{}, Types: map[string]safetensors.DType{},
	}
	for tensor, values := range floats {
		file.Tensors[tensor] = safetensors.Tensor{Dims: need[tensor].Dims, Data: values}
		file.Types[tensor] = p.DType
	}
	for tensor, values := range integers {
		file.Integers[tensor] = safetensors.Integers{DType: need[tensor].DType, Dims: need[tensor].Dims, Data: values}
	}
	return file.Write(filepath.Join(p.request.Scratch, name))
}

// finished reports whether a file is in the scratch directory and whole.
func (p *preparer) finished(name string, need map[string]safetensors.Info) bool {
	r, err := holding(filepath.Join(p.request.Scratch, name), need)
	return err == nil && r.Close() == nil
}

// finish moves all files to the output, the layout last.
func (p *preparer) finish() error {
	var names []string
	for i := range filesFor(p.Images, imagesPerFile) {
		names = append(names, latentsFile(i))
	}
	for i := range filesFor(p.Captions, captionsPerFile) {
		names = append(names, captionsFile(i))
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(p.request.Scratch, name), filepath.Join(p.request.Output, name)); err != nil {
			return fmt.Errorf("finish prepared images: %w", err)
		}
	}
	text, err := json.MarshalIndent(p.layout, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(p.request.Output, layoutFile), append(text, '\n'), 0o644)
	}
	if err != nil {
		return errors.Join(errors.New("finish prepared images"), err)
	}
	return nil
}
