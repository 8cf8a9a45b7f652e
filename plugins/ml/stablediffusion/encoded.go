package stablediffusion

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/plugins/ml/imaging"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// colors of an image.
const colors = 3

// Encoded are examples that the model's own encoders make of images and
// captions, each image and each caption once. They lie on the disk, where a job
// that was killed finds those that were done.
type Encoded struct {
	model         *Model
	encode        *model.Exec
	embed         func(ctx context.Context, caption string) ([]float32, error)
	height, width int // of images, in pixels
	latents       [3]int
	text          [2]int
	images        *shelf // rows: mean, deviation
	captions      *shelf // rows: embedding
	caption       []int  // row of captions, by example
	known         map[string]int
	temporary     string // directory to remove; "" if it is the caller's
}

var _ Examples = (*Encoded)(nil)

// EncodedRequest says how examples are encoded.
type EncodedRequest struct {
	Height, Width int    // of images, in pixels; others are resized and cropped
	Text          [2]int // size of an embedding: [tokens, width]
	// Embed gives the embedding of a caption, of size Text.
	Embed func(ctx context.Context, caption string) ([]float32, error)
	// Directory is where what is made lies; "": in a temporary one. Name tells
	// jobs apart that share it.
	Directory, Name string
}

// NewEncoded prepares the encoders.
func (m *Model) NewEncoded(ctx context.Context, backend compute.Backend, r EncodedRequest) (*Encoded, error) {
	factor := m.VAE.Factor()
	e := &Encoded{
		model: m, embed: r.Embed, height: r.Height, width: r.Width, text: r.Text,
		latents: [3]int{r.Height / factor, r.Width / factor, m.VAE.LatentChannels},
		known:   map[string]int{},
	}
	if err := e.open(ctx, backend, r.Directory, r.Name); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Encoded) open(ctx context.Context, backend compute.Backend, directory, name string) error {
	var err error
	if directory == "" {
		if directory, err = os.MkdirTemp("", "plumb-examples-"); err != nil {
			return fmt.Errorf("keep prepared examples: %w", err)
		}
		e.temporary = directory
	}
	latents, text := e.latents[0]*e.latents[1]*e.latents[2], e.text[0]*e.text[1]
	if e.images, err = openShelf(filepath.Join(directory, "latents-"+name), 2*latents); err != nil {
		return err
	}
	if e.captions, err = openShelf(filepath.Join(directory, "captions-"+name), text); err != nil {
		return err
	}
	e.encode, err = model.NewExec(backend, e.model.VAEStore, func(_ *model.Scope, in []*Node) []*Node {
		mean, logVariance := e.model.VAE.Encode(nn.LoadedParams(e.model.VAEStore), in[0])
		return []*Node{mean, e.model.VAE.Deviation(logVariance)}
	})
	if err != nil {
		return fmt.Errorf("build encoder: %w", err)
	}
	_, err = e.row(ctx, "") // the first row, always
	return err
}

// row is the row of a caption's embedding.
func (e *Encoded) row(ctx context.Context, caption string) (int, error) {
	if row, ok := e.known[caption]; ok {
		return row, nil
	}
	row := len(e.known)
	if row >= e.captions.rows {
		values, err := e.embed(ctx, caption)
		if err != nil {
			return 0, err
		}
		if err := e.captions.append(values); err != nil {
			return 0, err
		}
	}
	e.known[caption] = row
	return row, nil
}

// Add encodes an image and its caption, unless a process before this one did.
func (e *Encoded) Add(ctx context.Context, image dataset.Image) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	row, err := e.row(ctx, image.Prompt)
	if err != nil {
		return 0, err
	}
	number := len(e.caption)
	if number >= e.images.rows {
		width, height, rgb, err := dataset.DecodePNG(image.Image.Bytes)
		if err != nil {
			return 0, err
		}
		mean, deviation, err := e.distribution(sdk.Image{Width: width, Height: height, RGB: rgb})
		if err != nil {
			return 0, err
		}
		if err := e.images.append(mean, deviation); err != nil {
			return 0, err
		}
	}
	e.caption = append(e.caption, row)
	return number, nil
}

// distribution is that of an image's latents.
func (e *Encoded) distribution(image sdk.Image) (mean, deviation []float32, err error) {
	input := tensors.FromFlatDataAndDimensions(Pixels(imaging.Fill(image, e.width, e.height).RGB), 1, e.height, e.width, colors)
	defer input.MustFinalizeAll()
	outputs, err := e.encode.Exec(input)
	if err != nil {
		return nil, nil, fmt.Errorf("encode: %w", err)
	}
	for _, output := range outputs {
		defer output.MustFinalizeAll()
	}
	return tensors.MustCopyFlatData[float32](outputs[0]), tensors.MustCopyFlatData[float32](outputs[1]), nil
}

// Pixels are bytes as the autoencoder reads them, in [-1, 1].
func Pixels(rgb []byte) []float32 {
	out := make([]float32, len(rgb))
	for i, b := range rgb {
		out[i] = float32(b)/255*2 - 1
	}
	return out
}

// Size is that of latents and of an embedding.
func (e *Encoded) Size() (latents [3]int, text [2]int) { return e.latents, e.text }

// Latents reads the distribution of an example's latents.
func (e *Encoded) Latents(example int, mean, deviation []float32) error {
	return errors.Join(e.images.read(example, 0, mean), e.images.read(example, len(mean), deviation))
}

// Text reads the embedding of an example's caption.
func (e *Encoded) Text(example int, out []float32) error {
	return e.captions.read(e.caption[example], 0, out)
}

// Empty reads the embedding of the empty caption.
func (e *Encoded) Empty(out []float32) error { return e.captions.read(e.known[""], 0, out) }

// Close frees the compiled encoder, and what lies in a temporary directory.
func (e *Encoded) Close() error {
	if e.encode != nil {
		e.encode.Finalize()
	}
	var wrong []error
	for _, s := range []*shelf{e.images, e.captions} {
		if s != nil {
			wrong = append(wrong, s.close())
		}
	}
	if e.temporary != "" {
		wrong = append(wrong, os.RemoveAll(e.temporary))
	}
	return errors.Join(wrong...)
}
