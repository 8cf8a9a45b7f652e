package latentdiffusion

import (
	"fmt"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// In16 makes sampling compute the denoising network in bfloat16, and holds its
// matrices and kernels in bfloat16. Noise schedule, guidance and solver stay
// float32, and so does the decoder: a pixel has 8 bits, and so has a number in
// bfloat16.
//
// The model's weights must be loaded. It is for the pipelines made after it.
func (m *Model) In16() error {
	store, err := halved(m.DenoiserStore, func(*model.Variable) bool { return true })
	if err != nil {
		return err
	}
	m.DenoiserStore, m.in16 = store, true
	return nil
}

// samplingParams is the root of the denoising network's weights, in the precision
// of sampling.
func (m *Model) samplingParams() nn.Params {
	p := nn.LoadedParams(m.DenoiserStore)
	if m.in16 {
		p = p.In16()
	}
	return p
}

// halved returns a store with the same weights, in which the matrices and kernels
// that wanted selects are bfloat16. The given store is freed.
func halved(store *model.Store, wanted func(v *model.Variable) bool) (*model.Store, error) {
	half := model.NewStore()
	defer store.Finalize()
	for v := range store.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("halve weights: %w", err)
		}
		dims, floats := v.Shape().Dimensions, tensors.MustCopyFlatData[float32](value)
		other := tensors.FromFlatDataAndDimensions(floats, dims...)
		if len(dims) > 1 && wanted(v) {
			short := make([]bfloat16.BFloat16, len(floats))
			for i, f := range floats {
				short[i] = bfloat16.FromFloat32(f)
			}
			other = tensors.FromFlatDataAndDimensions(short, dims...)
		}
		w, err := half.CreateVariable(v.Path(), other)
		if err != nil {
			return nil, fmt.Errorf("halve weights: %w", err)
		}
		w.SetTrainable(v.Trainable)
	}
	return half, nil
}

// checkFinite refuses a network's output with a NaN or an infinity in it, which
// would become a black image. what names the network.
func checkFinite(values []float32, what string, in16 bool) error {
	at := nn.FirstNonFinite(values)
	if at < 0 {
		return nil
	}
	d := sdk.Diagnostic{
		Summary: fmt.Sprintf("%s gave %v", what, values[at]),
		Detail:  "It computes in float32, so the model's weights are damaged, or of a training that diverged.",
	}
	if in16 {
		d.Detail = `It computes in bfloat16, which holds 8 bits of a number. Write precision = "float32" in the sampler's block; if it happens there too, the model's weights are damaged.`
	}
	return d
}
