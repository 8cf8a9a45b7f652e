package run

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/stage"
)

// withExport adds to what people have to do the command that writes out what they
// do it with.
func (r *execution) withExport(waiting stage.Waiting, list diag.List) diag.List {
	if waiting.Sheet == "" || len(list) == 0 {
		return list
	}
	export := r.Export
	if export == nil {
		export = func(sheet, target string) string {
			return fmt.Sprintf("plumb export FILE %s %s --label-sheet", sheet, target)
		}
	}
	list = slices.Clone(list)
	list[0].Detail += "\n\n  " + export(waiting.Sheet, waiting.Target)
	return list
}
