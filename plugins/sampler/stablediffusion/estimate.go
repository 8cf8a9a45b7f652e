package stablediffusion

import (
	"cmp"
	"fmt"
	"sync"

	numbers "github.com/gomlx/compute/dtypes"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/models/clipmodel"
	"github.com/plumb-ml/plumb/plugins/ml/models/unet"
	"github.com/plumb-ml/plumb/plugins/ml/models/vae"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// pngBytesPerPixel of a photograph-like image: 0.42 MB at 512 x 512 pixels.
const pngBytesPerPixel = 1.6

// bytesPerWeight are four in float32; a training holds the gradient and the two
// moments of AdamW beside each weight.
const (
	bytesPerWeight        = 4
	bytesPerWeightTrained = 16
)

// bytesPerNumber that is precomputed, by the value of precomputed_dtype.
func bytesPerNumber(dtype string) int64 {
	if precomputedAs[dtype] == safetensors.F16 {
		return 2
	}
	return 4
}

// pass is what one image takes: one call of the unet without guidance, decoding,
// and encoding.
type pass struct{ unet, decode, encode, text flops.Network }

// passes remembers what was counted, by sizes: a plan has many stages of few
// models.
var passes sync.Map

// estimate counts the arithmetic of the networks. Without weights their sizes
// are those of Stable Diffusion v1.
func estimate(request sdk.EstimateRequest) (sdk.Estimate, error) {
	c, err := sdk.Decode[config](request.Config)
	if err != nil {
		return sdk.Estimate{}, err
	}
	var out sdk.Estimate
	model := &latentdiffusion.Model{Denoiser: unet.StableDiffusion1(), VAE: vae.StableDiffusion1(), Scheduler: diffusion.StableDiffusion1()}
	text := clipmodel.LargeText()
	if read, err := latentdiffusion.ReadConfig(c.Weights); err == nil {
		model = read
		if texts, err := readTexts(c.Weights); err == nil {
			text = texts.tower
		}
	} else {
		out.Assumes = append(out.Assumes, "the sizes of Stable Diffusion v1 where there are no weights yet")
	}
	factor := model.VAE.Factor()
	height, width := c.Height, c.Width
	trainedHeight, trainedWidth := model.Denoiser.TrainedSize()
	if height == 0 {
		height = trainedHeight * factor
	}
	if width == 0 {
		width = trainedWidth * factor
	}
	if height < factor || width < factor || height > largestSide || width > largestSide {
		return sdk.Estimate{}, fmt.Errorf("images of %d x %d pixels", height, width)
	}
	one, err := count(model, text, height/factor, width/factor)
	if err != nil {
		return sdk.Estimate{}, err
	}
	images, weights := float64(request.Images), one.unet.Parameters+one.decode.Parameters+one.text.Parameters
	switch request.Call {
	case sdk.CallSample:
		calls, err := evaluations(model.Scheduler, c)
		if err != nil {
			return sdk.Estimate{}, err
		}
		if c.GuidanceScale != 1 {
			calls *= 2
		}
		out.Operations = images * (calls*one.unet.Operations + one.decode.Operations)
		out.MemoryBytes = weights * bytesPerWeight
		if c.Precision == latentdiffusion.BFloat16 {
			out.MemoryBytes -= one.unet.Parameters * bytesPerWeight / 2
		}
		out.DiskBytes = int64(images * pngBytesPerPixel * float64(height*width))
		out.Assumes = append(out.Assumes, fmt.Sprintf("%.1f bytes for a pixel of a PNG file", pngBytesPerPixel))
	case sdk.CallPrecompute:
		out.Operations = images * (one.encode.Operations + one.text.Operations)
		out.MemoryBytes = (one.encode.Parameters + one.text.Parameters) * bytesPerWeight
		each := bytesPerNumber(c.PrecomputedDType)
		out.DiskBytes = int64(images) * int64(height/factor*width/factor*model.VAE.LatentChannels) * 2 * each // mean and deviation
		out.Assumes = append(out.Assumes, fmt.Sprintf("precomputed latents alone on the disk; embeddings take %d KiB more for each distinct caption", (int64(text.Positions*text.Width)*each+512)>>10))
	case sdk.CallTune:
		out.Operations = float64(request.Steps) * images * flops.TrainingFactor * one.unet.Operations
		out.MemoryBytes = one.unet.Parameters*bytesPerWeightTrained + (weights-one.unet.Parameters)*bytesPerWeight
		out.DiskBytes = weights * bytesPerWeight
		if request.Reference { // a forward pass more, and a second network
			out.Operations += float64(request.Steps) * images * one.unet.Operations
			out.MemoryBytes += one.unet.Parameters * bytesPerWeight
		}
		out.Assumes = append(out.Assumes, "all weights of the unet trained, in float32 with AdamW, the backward pass twice the forward one, from precomputed latents")
	default:
		return sdk.Estimate{}, fmt.Errorf("a sampler is not asked to %s", request.Call)
	}
	return out, nil
}

// evaluations is the number of times that the solver asks the unet.
func evaluations(scheduler diffusion.SchedulerConfig, c config) (float64, error) {
	s := diffusion.Sampling{Solver: cmp.Or(c.Solver, scheduler.Solver()), Steps: c.NumInferenceSteps}
	process, err := scheduler.Process(s.Solver)
	if err != nil {
		return 0, err
	}
	count, err := process.Evaluations(s)
	return float64(count), err
}

// count counts the networks at a size of latents.
func count(model *latentdiffusion.Model, text clipmodel.Text, height, width int) (pass, error) {
	key := fmt.Sprintf("%+v %+v %+v %d %d", model.Denoiser, model.VAE, text, height, width)
	if known, ok := passes.Load(key); ok {
		return known.(pass), nil
	}
	backend, err := backends.Open(backends.Go)
	if err != nil {
		return pass{}, err
	}
	factor := model.VAE.Factor()
	one := pass{
		unet: model.Denoiser.Count(backend, 1, height, width, conditions(text)),
		decode: flops.Count(backend, func(p nn.Params, input flops.Input) {
			model.VAE.Decode(p, input("latents", numbers.Float32, 1, height, width, model.VAE.LatentChannels))
		}),
		encode: flops.Count(backend, func(p nn.Params, input flops.Input) {
			model.VAE.Encode(p, input("images", numbers.Float32, 1, height*factor, width*factor, model.VAE.InChannels))
		}),
		text: flops.Count(backend, func(p nn.Params, input flops.Input) {
			text.States(p, input("ids", numbers.Int32, 1, text.Positions))
		}),
	}
	passes.Store(key, one)
	return one, nil
}
