package stablediffusion

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestEstimate: Stable Diffusion v1 is assumed where there are no weights, what
// is there counts where there are, and the work grows with images and steps.
func TestEstimate(t *testing.T) {
	ask := func(config map[string]any, call sdk.Call, images, steps int) sdk.Estimate {
		t.Helper()
		text, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		got, err := estimate(sdk.EstimateRequest{Config: text, Call: call, Images: images, Steps: steps})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	config := func(steps int, guidance float64) map[string]any {
		return map[string]any{"weights": "nowhere", "num_inference_steps": steps, "guidance_scale": guidance}
	}
	one := ask(config(50, 7.5), sdk.CallSample, 1, 0)
	plain := ask(config(50, 1), sdk.CallSample, 1, 0)
	// Its solver is pndm, which does the first step twice.
	if calls := (one.Operations - plain.Operations) / 51; math.Abs(calls-0.8035e12) > 0.0005e12 {
		t.Errorf("guidance adds %.4g operations a step, want another call of the unet", calls)
	}
	if ten := ask(config(50, 7.5), sdk.CallSample, 10, 0); ten.Operations != 10*one.Operations || ten.MemoryBytes != one.MemoryBytes {
		t.Errorf("ten images: %+v, one: %+v", ten, one)
	}
	// 859.5 M of the unet, 49.5 M of the decoder, 123.1 M of the text encoder.
	if weights := float64(one.MemoryBytes) / 4e6; math.Abs(weights-1032.1) > 0.2 {
		t.Errorf("%.1f million weights", weights)
	}
	other := config(50, 7.5)
	other["solver"] = "ddim"
	if calls := (one.Operations - ask(other, sdk.CallSample, 1, 0).Operations) / 2; math.Abs(calls-0.8035e12) > 0.0005e12 {
		t.Errorf("pndm takes %.4g operations more than ddim, want a call of the unet", calls)
	}
	half := config(50, 7.5)
	half["precision"] = "bfloat16"
	if saved := float64(one.MemoryBytes-ask(half, sdk.CallSample, 1, 0).MemoryBytes) / 2e6; math.Abs(saved-859.5) > 0.2 {
		t.Errorf("in bfloat16 %.1f million weights take half", saved)
	}
	tune := ask(config(50, 7.5), sdk.CallTune, 512, 10000)
	if least := 10000. * 512 * 3 * 0.8e12; tune.Operations < least || tune.Operations > 1.6*least {
		t.Errorf("the paper's fine-tuning takes %.3g operations, want about %.3g", tune.Operations, least)
	}
	if tune.MemoryBytes < 13.7e9 || tune.DiskBytes < 4e9 || len(tune.Assumes) < 2 {
		t.Errorf("%+v", tune)
	}
	compared, err := estimate(sdk.EstimateRequest{Config: []byte(`{"weights":"nowhere","num_inference_steps":50,"guidance_scale":7.5}`), Call: sdk.CallTune, Images: 512, Steps: 10000, Reference: true})
	if more := (compared.Operations - tune.Operations) / tune.Operations; err != nil || math.Abs(more-1./3) > 1e-9 || compared.MemoryBytes-tune.MemoryBytes != 4*859520964 {
		t.Errorf("a reference takes %.3f more operations and %d bytes, %v", more, compared.MemoryBytes-tune.MemoryBytes, err)
	}
	// 64 x 64 latents of 4 channels, mean and deviation; 77 x 768 numbers of a caption.
	for dtype, want := range map[string]struct {
		bytes   int64
		caption string
	}{"float32": {128 << 10, "231 KiB"}, "float16": {64 << 10, "116 KiB"}} {
		cached := ask(map[string]any{"weights": "nowhere", "precomputed_dtype": dtype}, sdk.CallPrecompute, 10, 0)
		if cached.DiskBytes != 10*want.bytes || !strings.Contains(strings.Join(cached.Assumes, "; "), want.caption+" more for each distinct caption") {
			t.Errorf("ten images precomputed in %s: %+v, want %d bytes each", dtype, cached, want.bytes)
		}
	}
	small := ask(map[string]any{"weights": tiny, "num_inference_steps": 50, "guidance_scale": 7.5}, sdk.CallSample, 1, 0)
	if small.Operations <= 0 || small.Operations > one.Operations/100 || len(small.Assumes) != 1 {
		t.Errorf("the tiny model: %+v", small)
	}
	if _, err := estimate(sdk.EstimateRequest{Config: []byte(`{"height":4}`), Call: sdk.CallSample}); err == nil {
		t.Error("images of 4 pixels were estimated")
	}
}
