package bench

import (
	"context"
	"math/rand/v2"

	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// manyExamples are in the training set of a benchmark.
const manyExamples = 64

// examples stand for prepared images: random latents and embeddings in memory.
type examples struct {
	latents [3]int
	text    [2]int
	mean    [][]float32 // of latents, by example
	texts   [][]float32
	added   int
}

var _ latentdiffusion.Examples = (*examples)(nil)

func (b *bench) examples() *examples {
	e := &examples{latents: [3]int{b.size.Latent, b.size.Latent, b.size.UNet.InChannels}, text: [2]int{b.size.Tokens, b.size.UNet.CrossWidth}}
	for i := range manyExamples {
		numbers := rand.New(rand.NewPCG(2, uint64(i)))
		e.mean = append(e.mean, b.normal(numbers, e.latents[:]...).Data)
		e.texts = append(e.texts, b.normal(numbers, e.text[:]...).Data)
	}
	return e
}

// Add takes in an image, of which nothing but its number counts.
func (e *examples) Add(context.Context, table.Image) (int, error) {
	e.added++
	return (e.added - 1) % manyExamples, nil
}

func (e *examples) Size() (latents [3]int, text [2]int) { return e.latents, e.text }

func (e *examples) Latents(example int, mean, deviation []float32) error {
	copy(mean, e.mean[example])
	for i := range deviation {
		deviation[i] = 0.1
	}
	return nil
}

func (e *examples) Text(example int, out []float32) error {
	copy(out, e.texts[example])
	return nil
}

func (e *examples) Empty(out []float32) error {
	clear(out)
	return nil
}
