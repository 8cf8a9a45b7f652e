package lora

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Config are the settings of adapters.
type Config struct {
	Rank    int      `json:"rank"`
	Alpha   *float64 `json:"alpha"`   // nil: Rank
	Targets []string `json:"targets"` // ends of the names of layers, such as "to_q"
}

// Scale is what the adapters' output is multiplied by.
func (c Config) Scale() float64 { return c.alpha() / float64(c.Rank) }

func (c Config) alpha() float64 {
	if c.Alpha == nil {
		return float64(c.Rank)
	}
	return *c.Alpha
}

// Equal reports whether the adapters of one fit the other.
func (c Config) Equal(other Config) bool {
	return c.Rank == other.Rank && c.alpha() == other.alpha() && slices.Equal(sorted(c.Targets), sorted(other.Targets))
}

// String writes the settings as a block lora has them.
func (c Config) String() string {
	return fmt.Sprintf("rank = %d, alpha = %v and targets = %q", c.Rank, c.alpha(), sorted(c.Targets))
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// Check refuses impossible settings.
func (c Config) Check() error {
	var all sdk.Diagnostics
	if c.Rank < 1 {
		all.Addf("Impossible rank of adapters", "rank is %d; rank must be at least 1, and 4 to 64 is usual.", c.Rank)
	}
	if !(c.alpha() > 0) {
		all.Addf("Adapters without effect", "alpha is %v: the adapters' output is multiplied by alpha / rank. Leave alpha out for a factor of 1.", c.alpha())
	}
	if len(c.Targets) == 0 {
		all.Addf("Adapters for no layer", "targets is empty. Leave it out for the attention's projections, or leave out the block lora to train all weights.")
	}
	return all.Err()
}
