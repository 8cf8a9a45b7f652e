package shapesworld

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
)

// ImageBatch is the number of images that judge and encoder take at once. It has the
// same reasons as SampleBatch.
const ImageBatch = 96

// evaluate runs a network on images, [32, 32, 3] each, in batches of a fixed size,
// and calls see with the outputs for each image.
func evaluate(ctx context.Context, exec *model.Exec, images [][]byte, see func(image int, outputs [][]float32)) error {
	for start := 0; start < len(images); start += ImageBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := images[start:min(start+ImageBatch, len(images))]
		patches := make([]float32, ImageBatch*imageValues)
		for i, rgb := range part {
			ToPatches(rgb, patches[i*imageValues:(i+1)*imageValues])
		}
		input := patchTensor(patches, ImageBatch)
		outputs, err := exec.Exec(input)
		if err != nil {
			return fmt.Errorf("evaluate images: %w", err)
		}
		input.MustFinalizeAll()
		var flats [][]float32
		for _, output := range outputs {
			flats = append(flats, tensors.MustCopyFlatData[float32](output))
			output.MustFinalizeAll()
		}
		for i := range part {
			var rows [][]float32
			for _, flat := range flats {
				width := len(flat) / ImageBatch
				rows = append(rows, flat[i*width:(i+1)*width])
			}
			see(start+i, rows)
		}
	}
	return nil
}

// patchTensor is a batch of images in patches, [batch, 64, 48].
func patchTensor(values []float32, batch int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, batch, patchnet.Grid*patchnet.Grid, patchnet.PatchValues)
}
