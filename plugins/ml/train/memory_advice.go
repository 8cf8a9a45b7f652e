package train

import (
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// MemoryAdvice makes a fit take less memory of the device: by smaller batches. block is
// the block of the settings.
func (s Settings) MemoryAdvice(block string) []sdk.Advice {
	return SmallerBatch(block, s.BatchSize, 1, 2)
}

// SmallerBatch is the advice to halve batch_size, to whole groups of images, as long
// as that leaves least images.
func SmallerBatch(block string, images, group, least int) []sdk.Advice {
	smaller := images / 2 / group * group
	if smaller < least {
		return nil
	}
	return []sdk.Advice{{Option: "batch_size", Block: block, Write: fmt.Sprintf("batch_size = %d", smaller), Now: fmt.Sprint(images)}}
}
