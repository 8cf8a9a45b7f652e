//go:build unix

package plugin

import (
	"testing"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// TestPackagesThatAreGone: a locked script downloads nothing, and what would is said.
func TestPackagesThatAreGone(t *testing.T) {
	directory, bin := t.TempDir(), t.TempDir()
	put(t, directory, map[string]string{"p.py": "# /// script\n# dependencies = [\"numpy\"]\n# ///\n", "p.py.lock": "version = 1\n"})
	put(t, bin, map[string]string{"uv": "#!/bin/sh\ncase \"$*\" in *--frozen*--offline*) echo 'numpy is not in the cache' >&2; exit 1;; esac\nexit 9\n"})
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	e := Entry{Plugin: spec.Plugin{Name: "p", Source: "p.py", Directory: directory}}
	e.Range.File, e.Range.Start.Line = "x.hcl", 3
	e.Lock = &Locked{Name: "p", Source: "p.py", SHA256: identityOf(t, e).SHA256, Description: client.Description{
		Name: "p", Components: []sdk.Description{{Kind: sdk.KindReward, Name: "p"}}}}
	host := NewHost(Options{Plugins: []Entry{e}})
	defer host.Kill()
	_, err := host.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "p"})
	says(t, err, "exited with status 1", "plumb plugin lock x.hcl", "numpy is not in the cache")
}
