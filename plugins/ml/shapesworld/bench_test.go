package shapesworld

import (
	"context"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// BenchmarkTune is the training of the denoiser that ships, 32 images a step.
func BenchmarkTune(b *testing.B) {
	images, _ := scenesTable(b, 64)
	const batch, warm = 32, 2
	request := sdk.TuneRequest{
		Losses: []sdk.TuneLoss{{Name: "pretraining", Weight: 1, Sets: []sdk.TuneSet{{Images: images}}}},
		Steps:  b.N + warm, BatchSize: batch, Optimizer: train.Optimizer{LearningRate: 1e-4, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, GradientClipNorm: 1, EMADecay: 0.99}.JSON(),
		FromScratch: true,
	}
	err := Tune(context.Background(), openBackend(b), DefaultDenoiser(), model.NewStore(), nil, request, func(p sdk.Progress) error {
		if p.Step == warm { // compiled
			b.ResetTimer()
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "images/s")
}

// BenchmarkDraw is the drawing of images in 12 guided steps.
func BenchmarkDraw(b *testing.B) {
	config := DefaultDenoiser()
	pipeline, err := NewPipeline(openBackend(b), config, randomDenoiser(b, config), diffusion.Sampling{Solver: "dpmpp_2m", Steps: 12}, 1.5)
	if err != nil {
		b.Fatal(err)
	}
	defer pipeline.Close()
	draws := make([]sdk.Draw, SampleBatch)
	for i := range draws {
		draws[i] = sdk.Draw{Prompt: sdk.Prompt{Text: "two red crosses at night"}, Seed: uint64(i)}
	}
	once := func() {
		if err := pipeline.Sample(context.Background(), draws, func(int, sdk.Image) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	once() // compiles
	b.ResetTimer()
	for range b.N {
		once()
	}
	b.ReportMetric(float64(b.N*SampleBatch)/b.Elapsed().Seconds(), "images/s")
}
