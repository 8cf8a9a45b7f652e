package inception

import (
	"fmt"
	"sync"

	"github.com/gomlx/compute/dtypes"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/models/inceptionv3"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// published counts the arithmetic of the published network on one image.
var published = sync.OnceValues(func() (flops.Network, error) {
	backend, err := backends.Open(backends.Go)
	if err != nil {
		return flops.Network{}, err
	}
	return flops.Count(backend, func(p nn.Params, input flops.Input) {
		inceptionv3.Network{Divisor: 1}.Features(p, input("pixels", dtypes.Float32, 1, inceptionv3.Side, inceptionv3.Side, 3))
	}), nil
})

// estimate takes the published network's sizes, whatever lies at weights.
func estimate(request sdk.EstimateRequest) (sdk.Estimate, error) {
	if _, err := sdk.Decode[config](request.Config); err != nil {
		return sdk.Estimate{}, err
	}
	if request.Call != sdk.CallEncode {
		return sdk.Estimate{}, fmt.Errorf("an encoder is not asked to %s", request.Call)
	}
	network, err := published()
	const bytesPerNumber = 4 // float32
	return sdk.Estimate{
		Operations:  float64(request.Images) * network.Operations,
		MemoryBytes: network.Parameters * bytesPerNumber,
		DiskBytes:   int64(request.Images) * inceptionv3.Features * bytesPerNumber,
	}, err
}
