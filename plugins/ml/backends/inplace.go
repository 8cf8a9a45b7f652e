//go:build cgo && !windows

package backends

import (
	"github.com/gomlx/go-xla/stablehlo"
)

// aliasAttribute says to XLA that an output may take the place of an input, whose
// caller gives it away (xla/hlo/translate, as JAX says it for donated arguments).
const aliasAttribute = "tf.aliasing_output"

// furthest is how many operations lie at most between an input and the output that
// takes its place: in AdamW the update of a second moment has two, and a moving
// average one.
const furthest = 4

// overwrite has outputs take the place of inputs that are given away, so that
// weights, moments and averages are not held twice. An output takes the place of the
// input of its shape that it is computed from in the fewest operations: a weight's
// new value that of the old one, and not that of a moment. Which one it is changes no
// number; XLA copies where a place is still needed.
//
// Without this, an input that is given away is freed when the program ends, and never
// used as an output.
func overwrite(main *stablehlo.Function, donated []bool) {
	if len(donated) != len(main.Inputs) || len(main.Statements) == 0 {
		return
	}
	input := map[*stablehlo.Value]bool{} // that are given away, and not overwritten yet
	for i, value := range main.Inputs {
		if donated[i] {
			input[value] = true
		}
	}
	if len(input) == 0 {
		return
	}
	from := map[*stablehlo.Value]*stablehlo.Statement{}
	for _, statement := range main.Statements {
		for _, value := range statement.Outputs {
			from[value] = statement
		}
	}
	// The operands of the return statement are what is put out: Outputs are values of
	// the function's type.
	outputs := main.Statements[len(main.Statements)-1].Inputs
	placed := make([]bool, len(outputs))
	for depth := 1; depth <= furthest && len(input) > 0; depth++ { // the nearest first, over all outputs
		for position, output := range outputs {
			if placed[position] {
				continue
			}
			if value := nearest(output, output, from, input, depth); value != nil {
				if value.Attributes == nil {
					value.Attributes = map[string]any{}
				}
				value.Attributes[aliasAttribute] = int32(position)
				delete(input, value)
				placed[position] = true
			}
		}
	}
}

// nearest looks for an input that can be overwritten by an output among what a value
// is computed from in a number of operations.
func nearest(output, value *stablehlo.Value, from map[*stablehlo.Value]*stablehlo.Statement, input map[*stablehlo.Value]bool, depth int) *stablehlo.Value {
	statement := from[value]
	if statement == nil {
		return nil
	}
	for _, operand := range statement.Inputs {
		if depth == 1 {
			if input[operand] && operand.Shape().Equal(output.Shape()) {
				return operand
			}
		} else if found := nearest(output, operand, from, input, depth-1); found != nil {
			return found
		}
	}
	return nil
}
