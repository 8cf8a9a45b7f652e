package inceptionv3

import (
	"context"
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// Compiled is a network that makes features of images. It is for one goroutine.
type Compiled struct {
	exec  *model.Exec
	batch int
	width int
}

// Compile compiles a network with weights from Read.
func Compile(backend compute.Backend, n Network, store *model.Store) (*Compiled, error) {
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, x *Node) *Node {
		return n.Features(nn.LoadedParams(store), x)
	})
	if err != nil {
		return nil, fmt.Errorf("build Inception: %w", err)
	}
	batch := 32
	if backend.String() == backends.Go {
		batch = 1 // more are no faster there, and filling a batch up costs time
	}
	return &Compiled{exec: exec, batch: batch, width: n.Width()}, nil
}

// Close frees the compiled network.
func (c *Compiled) Close() { c.exec.Finalize() }

// Features makes a vector of each image, of any size: [2048].
func (c *Compiled) Features(ctx context.Context, images []sdk.Image) ([][]float32, error) {
	const size = Side * Side * 3
	rows := make([][]float32, 0, len(images))
	for start := 0; start < len(images); start += c.batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		end := min(start+c.batch, len(images))
		pixels := make([]float32, c.batch*size)
		var work sync.WaitGroup
		for i, image := range images[start:end] {
			work.Go(func() { Preprocess(image, pixels[i*size:][:size]) })
		}
		work.Wait()
		input := tensors.FromFlatDataAndDimensions(pixels, c.batch, Side, Side, 3)
		output, err := c.exec.Exec1(input)
		input.MustFinalizeAll()
		if err != nil {
			return nil, fmt.Errorf("run Inception: %w", err)
		}
		flat := tensors.MustCopyFlatData[float32](output)
		output.MustFinalizeAll()
		for i := range end - start {
			rows = append(rows, flat[i*c.width:(i+1)*c.width])
		}
	}
	return rows, nil
}

// Preprocess converts an image to the network's input, [299, 299, 3], as clean-fid
// does (Parmar et al. 2022, On Aliased Resizing and Surprising Subtleties in GAN
// Evaluation): each channel resized in floating point by Pillow's bicubic filter,
// without rounding, clipped to 0 to 255 (as clean-fid does since March 2022), then
// (value - 128) / 128.
func Preprocess(image sdk.Image, out []float32) {
	planes := imaging.ResizeFloats(image, Side, Side)
	for c := range 3 {
		for i, v := range planes[c*Side*Side:][:Side*Side] {
			out[i*3+c] = (min(max(v, 0), 255) - 128) / 128
		}
	}
}
