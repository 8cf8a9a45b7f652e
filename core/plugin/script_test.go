//go:build unix

package plugin

import (
	"strings"
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

// TestFetchingEnvironment: what builds packages gets no secrets either.
func TestFetchingEnvironment(t *testing.T) {
	directory, bin := t.TempDir(), t.TempDir()
	put(t, directory, map[string]string{"p.py": "# /// script\n# dependencies = []\n# ///\n"})
	put(t, bin, map[string]string{"uv": "#!/bin/sh\necho \"$*\"\nenv\n"})
	for name, value := range map[string]string{"PATH": bin + ":/usr/bin:/bin", "AWS_SECRET_ACCESS_KEY": "aws", "UV_PUBLISH_TOKEN": "publish", "UV_INDEX_URL": "index", "https_proxy": "proxy", "NAMED": "named"} {
		t.Setenv(name, value)
	}
	var said strings.Builder
	if err := Prepare(t.Context(), Entry{Plugin: spec.Plugin{Name: "p", Source: "p.py", Environment: []string{"NAMED"}, Directory: directory}}, &said); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"lock --script", "sync --locked --script", "UV_INDEX_URL=index", "https_proxy=proxy", "NAMED=named", "PATH="} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("uv lacks %q:\n%s", want, said.String())
		}
	}
	for _, secret := range []string{"=aws", "=publish"} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("uv gets %q", secret)
		}
	}
}
