package clip

import (
	"fmt"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/models/clipmodel"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// towers remembers what was counted, by sizes.
var towers sync.Map

// estimate counts the image tower's arithmetic: prompts are few and encoded
// once. Without weights its sizes are those of ViT-L/14.
func estimate(request sdk.EstimateRequest) (sdk.Estimate, error) {
	c, err := sdk.Decode[config](request.Config)
	if err != nil {
		return sdk.Estimate{}, err
	}
	if request.Call != sdk.CallEncode {
		return sdk.Estimate{}, fmt.Errorf("an encoder is not asked to %s", request.Call)
	}
	var out sdk.Estimate
	sizes, err := clipmodel.ReadBoth(c.Weights)
	if err != nil {
		sizes = clipmodel.Large()
		out.Assumes = append(out.Assumes, "the sizes of CLIP ViT-L/14 where there are no weights yet")
	}
	key := fmt.Sprintf("%+v %+v", sizes.Text, *sizes.Vision)
	known, ok := towers.Load(key)
	if !ok {
		backend, err := backends.Open(backends.Go)
		if err != nil {
			return sdk.Estimate{}, err
		}
		side := sizes.Vision.ImageSize
		image := flops.Count(backend, func(p nn.Params, input flops.Input) {
			sizes.ImageEmbeddings(p, input("pixels", dtypes.Float32, 1, sizes.Vision.Channels, side, side))
		})
		text := flops.Count(backend, func(p nn.Params, input flops.Input) {
			sizes.TextEmbeddings(p, input("ids", dtypes.Int32, 1, sizes.Text.Positions), input("ends", dtypes.Int32, 1))
		})
		known = flops.Network{Operations: image.Operations, Parameters: image.Parameters + text.Parameters}
		towers.Store(key, known)
	}
	network := known.(flops.Network)
	const bytesPerWeight = 4 // float32
	out.Operations = float64(request.Images) * network.Operations
	out.MemoryBytes = network.Parameters * bytesPerWeight
	out.DiskBytes = int64(request.Images) * int64(sizes.Projection) * bytesPerWeight
	return out, nil
}
