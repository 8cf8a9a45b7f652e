package train

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

// TestInPlace: in the programs that XLA compiles, new weights, moments, averages and
// sums of gradients take the place of the old ones.
func TestInPlace(t *testing.T) {
	for _, test := range []struct {
		parts    int
		replaced []int // a weight, in each program
	}{
		{parts: 1, replaced: []int{4}},    // weight, two moments, average
		{parts: 2, replaced: []int{1, 4}}, // the sum; and the update
	} {
		var programs []string
		backend, err := backends.OpenLowering(backends.XLACUDA, func(program []byte) error {
			programs = append(programs, string(program))
			return nil
		})
		if err != nil {
			t.Skip("no program can be built without a plugin of XLA: ", err)
		}
		loop := network(t, model.NewStore())
		loop.Backend, loop.Steps, loop.Parts = backend, 2, test.parts
		loop.Part = func(step, _ int) ([]any, error) { return loop.Batch(step) }
		if err := loop.Run(t.Context(), ignore); err != nil {
			t.Fatal(err)
		}
		weights := 0
		for v := range loop.Store.IterVariables() {
			if v.Trainable {
				weights++
			}
		}
		var got []int
		for _, program := range programs {
			places := map[string]bool{}
			for _, place := range regexp.MustCompile(`tf\.aliasing_output = (\d+)`).FindAllStringSubmatch(program, -1) {
				if places[place[1]] {
					t.Errorf("in %d parts: output %s takes the place of two inputs", test.parts, place[1])
				}
				places[place[1]] = true
			}
			if strings.Contains(program, "func.func @main") && len(places) > 0 {
				got = append(got, len(places))
			}
		}
		if len(got) != len(test.replaced) {
			t.Errorf("in %d parts: outputs are in place in programs of %v, want %d programs", test.parts, got, len(test.replaced))
			continue
		}
		for i, want := range test.replaced {
			if got[i] != want*weights {
				t.Errorf("in %d parts: program %d: %d outputs are in place, want %d of each of %d weights", test.parts, i, got[i], want, weights)
			}
		}
	}
}
