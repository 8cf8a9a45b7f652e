package flops

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

func count(t *testing.T, build func(p nn.Params, input Input)) Network {
	t.Helper()
	backend, err := backends.Open(backends.Go)
	if err != nil {
		t.Fatal(err)
	}
	return Count(backend, build)
}

// TestCountByHand: layers whose arithmetic is worked out here.
func TestCountByHand(t *testing.T) {
	for name, c := range map[string]struct {
		build func(p nn.Params, input Input)
		want  Network
	}{
		// 2 x 5 rows, 7 in, 11 out, with a bias.
		"dense": {func(p nn.Params, input Input) {
			nn.Dense(p.In("layer"), input("x", dtypes.Float32, 2, 5, 7), 11, nn.FanIn(1))
		}, Network{2 * 2 * 5 * 7 * 11, 7*11 + 11}},
		// 3x3 over 4 x 6 pixels, 5 channels in and 8 out; a second use of the
		// same weights has its own arithmetic and no more parameters.
		"convolution twice": {func(p nn.Params, input Input) {
			x := input("x", dtypes.Float32, 3, 4, 6, 5)
			nn.Conv(p.In("conv"), x, 8, nn.Same3x3, nn.FanIn(1))
			nn.Conv(p.In("conv"), x, 8, nn.Same3x3, nn.FanIn(1))
		}, Network{2 * 2 * 3 * 4 * 6 * 9 * 5 * 8, 9*5*8 + 8}},
		// Two heads of 4 over 10 tokens and 3 others: logits and their mixture.
		"attention": {func(p nn.Params, input Input) {
			others := input("others", dtypes.Float32, 2, 3, 8)
			nn.Attend(input("x", dtypes.Float32, 2, 10, 8), others, others, 2, nil)
		}, Network{Operations: 2 * 2 * (2 * 2 * 10 * 3 * 4)}},
		"no products": {func(p nn.Params, input Input) { Add(input("x", dtypes.Float32, 9), input("y", dtypes.Float32, 9)) }, Network{}},
	} {
		if got := count(t, c.build); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
