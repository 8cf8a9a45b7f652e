package stablediffusion

import (
	"fmt"

	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

var _ sdk.MemoryAdvisor = (*sampler)(nil)

// smallestSide is the height and width below which a smaller image is no advice.
const smallestSide = 64

// MemoryAdvice lists settings that make a call take less memory of the device.
func (s *sampler) MemoryAdvice(call sdk.Call, tune *sdk.TuneRequest) []sdk.Advice {
	var list []sdk.Advice
	add := func(option, write, now string) {
		list = append(list, sdk.Advice{Option: option, Block: string(sdk.KindSampler), Write: write, Now: now})
	}
	switch {
	case tune != nil:
		settings, err := latentdiffusion.ReadSettings(tune.Options)
		if err != nil {
			return nil
		}
		list = settings.MemoryAdvice(*tune)
	case call == sdk.CallSample:
		if s.batch > 1 {
			add("batch_size", fmt.Sprintf("batch_size = %d", s.batch/2), fmt.Sprint(s.batch))
		}
		if s.config.Precision != latentdiffusion.BFloat16 {
			add("precision", `precision = "bfloat16"`, latentdiffusion.Float32)
		}
	}
	for _, side := range []struct {
		name   string
		pixels int
	}{{"height", s.config.Height}, {"width", s.config.Width}} {
		factor := s.model.VAE.Factor()
		if smaller := side.pixels / 2 / factor * factor; smaller >= smallestSide {
			add(side.name, fmt.Sprintf("%s = %d", side.name, smaller), fmt.Sprint(side.pixels))
		}
	}
	return list
}
