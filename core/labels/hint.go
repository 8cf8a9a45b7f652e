package labels

import (
	"fmt"
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/textfile"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// mostCompared bounds the IDs that a wrong one is compared with.
const mostCompared = 20_000

// hint is what may be meant by an ID that no image has, as a sentence after others;
// "" if nothing is like it.
func hint(id string, images map[string]table.Image) string {
	if how, other := textfile.Alike(id, func(name string) bool { _, ok := images[name]; return ok }, maps.Keys(images)); how != "" {
		return fmt.Sprintf(" There is %q: %s.", other, how)
	}
	if len(images) > mostCompared {
		return ""
	}
	return diag.DidYouMean(id, slices.Sorted(maps.Keys(images)))
}
