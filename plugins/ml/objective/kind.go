package objective

import (
	"encoding/json"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Kind is a loss that a finetune block can name.
type Kind struct {
	sdk.Loss
	// New makes the loss from its options, which were checked against its schema.
	New func(options json.RawMessage) (Objective, error)
}

// kinds are all losses. An objective that is not in this list does not exist.
var kinds = []Kind{
	rewardWeightedKind,
	denoisingKind,
	pretrainingKind,
	diffusionKTOKind,
	diffusionDPOKind,
}

// Losses describes the losses, as a sampler that can be tuned declares them.
func Losses() []sdk.Loss {
	losses := make([]sdk.Loss, len(kinds))
	for i, kind := range kinds {
		losses[i] = kind.Loss
	}
	return losses
}

// New makes a loss by its name.
func New(name string, options json.RawMessage) (Objective, error) {
	kind, ok := kindOf(name)
	if !ok {
		return nil, fmt.Errorf("there is no loss %q", name)
	}
	return kind.New(options)
}

func kindOf(name string) (Kind, bool) {
	for _, kind := range kinds {
		if kind.Name == name {
			return kind, true
		}
	}
	return Kind{}, false
}

// options reads a loss's options into a value that holds their defaults.
func options[T any](text json.RawMessage, defaults T) (T, error) {
	if len(text) == 0 {
		return defaults, nil
	}
	if err := json.Unmarshal(text, &defaults); err != nil {
		return defaults, fmt.Errorf("read options: %w", err)
	}
	return defaults, nil
}
