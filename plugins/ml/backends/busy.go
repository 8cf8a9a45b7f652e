package backends

import (
	"fmt"
	"time"

	"github.com/plumb-ml/plumb/plugins/ml/backends/pjrt"
)

// patience is how long a compilation may take before it is spoken of.
const patience = time.Second

// Busy says that a program is being compiled, and for how long; empty if none is.
func Busy() string { return busyText(pjrt.Watch(), time.Now()) }

func busyText(c pjrt.Compilations, now time.Time) string {
	took := now.Sub(c.Since)
	if c.Since.IsZero() || took < patience {
		return ""
	}
	return fmt.Sprintf("compiling a program, %.0f s", took.Seconds())
}

// Repairs returns what was found damaged in the caches of programs and libraries
// since it was called last.
func Repairs() []string { return pjrt.Repairs() }
