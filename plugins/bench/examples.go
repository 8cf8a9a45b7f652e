package bench

import (
	"context"
	"math/rand/v2"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// manyExamples are in the training set of a benchmark.
const manyExamples = 64

// examples stand for a latent cache: random latents and conditions in memory.
type examples struct {
	latents    [3]int
	conditions conditioning.Shapes
	mean       [][]float32 // of latents, by example
	captions   []conditioning.Of[[]float32]
	added      int
}

var _ latentdiffusion.Examples = (*examples)(nil)

func (b *bench) examples() *examples {
	e := &examples{latents: [3]int{b.size.Latent, b.size.Latent, b.size.UNet.InChannels}, conditions: b.size.conditions()}
	for i := range manyExamples {
		numbers := rand.New(rand.NewPCG(2, uint64(i)))
		e.mean = append(e.mean, b.normal(numbers, e.latents[:]...).Data)
		caption := conditioning.Of[[]float32]{}
		for _, name := range e.conditions.Names() {
			caption[name] = b.normal(numbers, e.conditions[name]...).Data
		}
		e.captions = append(e.captions, caption)
	}
	return e
}

// Add takes in an image, of which nothing but its number counts.
func (e *examples) Add(context.Context, table.Image) (int, error) {
	e.added++
	return (e.added - 1) % manyExamples, nil
}

func (e *examples) Size() (latents [3]int, conditions conditioning.Shapes) {
	return e.latents, e.conditions
}

func (e *examples) Latents(example int, mean, deviation []float32) error {
	copy(mean, e.mean[example])
	for i := range deviation {
		deviation[i] = 0.1
	}
	return nil
}

func (e *examples) Conditions(example int, out conditioning.Of[[]float32]) error {
	for name, values := range out {
		copy(values, e.captions[example][name])
	}
	return nil
}

func (e *examples) Empty(out conditioning.Of[[]float32]) error {
	for _, values := range out {
		clear(values)
	}
	return nil
}
