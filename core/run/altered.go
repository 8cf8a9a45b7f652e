package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/store"
)

// altered says that something a stage reads was altered in the store while the stage
// worked: what the stage made of it is not recorded.
type altered struct {
	input   plan.Input
	corrupt *store.Corrupt
}

func (a *altered) Error() string {
	return fmt.Sprintf("input %s was altered while the stage worked: %v", a.input.Role, a.corrupt)
}

// mostTries is how often a stage is tried whose inputs are altered each time: no
// accident does that twice.
const mostTries = 3

// attempt does a stage that has no record yet, again if its inputs were altered
// meanwhile.
func (r *execution) attempt(ctx context.Context, node *plan.Node) (Outcome, error) {
	for try := 1; ; try++ {
		outcome, err := r.try(ctx, node)
		var changed *altered
		if !errors.As(err, &changed) {
			return outcome, err
		}
		if try == mostTries {
			return outcome, diag.Errorf(node.Range, fmt.Sprintf("What %s reads was altered each of %d times while it worked", node.Label, mostTries),
				"The last time it was the %s of %s: %v. Nothing but Plumb may write into the store, %s. If nothing does, look to the disk and the memory of this machine.",
				changed.input.Output, changed.input.Node.Label, changed.corrupt, r.Store.Dir())
		}
		r.repaired(node, fmt.Sprintf("What %s reads was altered in the store while it worked", node.Label), changed.corrupt.Error()+". It is made again, and the stage is done again.")
	}
}

// unaltered compares all that a node reads with what it was once more, after the node
// has worked. The error is *altered where it is another.
func (r *execution) unaltered(node *plan.Node) error {
	for _, input := range node.Inputs {
		_, err := r.path(input)
		var corrupt *store.Corrupt
		if errors.As(err, &corrupt) {
			return &altered{input, corrupt}
		}
		if err != nil {
			return fmt.Errorf("look at input %s once more: %w", input.Role, err)
		}
	}
	return nil
}
