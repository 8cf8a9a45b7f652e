package objective

import (
	"context"
	"math/rand/v2"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Policy is the model that is tuned, as its losses see it: a network, the noise
// that its images get, and what it is conditioned on. Calls come from one
// goroutine.
type Policy interface {
	// Add takes in an image of a table and returns its number.
	Add(ctx context.Context, image table.Image) (int, error)
	// Inputs makes the tensors of a batch of images for Predict and Reference, always
	// as many. All random numbers of an image come from its Draw, so that two draws
	// with the same random numbers get the same timestep and noise. factors are those
	// of the images' losses at their timesteps; nil: 1 for all.
	Inputs(draws []Draw) (inputs []any, factors []float64, err error)
	// Predict builds the network's prediction from Inputs, and its target: [images,
	// ...] each, float32.
	Predict(inputs []*Node) (prediction, target *Node)
	// Freeze keeps a reference that Reference answers for, before the first step:
	// the network as it is now, or the one that the request names.
	Freeze() error
	// Reference builds the prediction of the frozen reference from Inputs.
	Reference(inputs []*Node) *Node
}

// Draw is an image in a step.
type Draw struct {
	Image  int        // its number, as Add gave it
	Random *rand.Rand // for what is random about it; the two images of a pair have sources that give the same numbers
}
