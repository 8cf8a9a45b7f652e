package backends

import (
	"testing"
	"time"

	"github.com/plumb-ml/plumb/plugins/ml/backends/pjrt"
)

// TestBusyText: a compilation is spoken of when it takes long.
func TestBusyText(t *testing.T) {
	now := time.Now()
	for want, c := range map[string]pjrt.Compilations{
		"compiling a program, 12 s": {Since: now.Add(-12300 * time.Millisecond)},
		"compiling a program, 1 s":  {Since: now.Add(-time.Second)},
	} {
		if got := busyText(c, now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, c := range []pjrt.Compilations{{}, {Done: 3, Took: time.Hour}, {Since: now.Add(-900 * time.Millisecond)}} {
		if got := busyText(c, now); got != "" {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
