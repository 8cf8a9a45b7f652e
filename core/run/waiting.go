package run

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/stage"
)

// withCommand adds to what people have to do the command that lets them: it asks them,
// or writes out what they fill in.
func (r *execution) withCommand(waiting stage.Waiting, list diag.List) diag.List {
	command := ""
	switch {
	case len(list) == 0:
		return list
	case waiting.People:
		command = cmp.Or(r.Label, "plumb label FILE")
	case waiting.Sheet == "":
		return list
	case r.Export != nil:
		command = r.Export(waiting.Sheet, waiting.Target)
	default:
		command = fmt.Sprintf("plumb export FILE %s %s --label-sheet", waiting.Sheet, waiting.Target)
	}
	list = slices.Clone(list)
	list[0].Detail += "\n\n  " + command
	return list
}
