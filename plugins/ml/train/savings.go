package train

import (
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Savings are what makes a fit take less memory of the device: smaller batches.
// block is the one that s stands in.
func (s Settings) Savings(block string) []sdk.Saving {
	return SmallerBatch(block, s.BatchSize, 2)
}

// SmallerBatch is the advice to halve batch_size, as long as that leaves least
// images.
func SmallerBatch(block string, images, least int) []sdk.Saving {
	if images/2 < least {
		return nil
	}
	return []sdk.Saving{{Option: "batch_size", Block: block, Write: fmt.Sprintf("batch_size = %d", images/2), Now: fmt.Sprint(images)}}
}
