package install

import (
	"encoding/hex"
	"path"
	"strings"
	"testing"
)

// TestTable: the table is complete and consistent for each platform.
func TestTable(t *testing.T) {
	packages := map[string]string{} // of a backend, over its platforms
	for _, r := range releases {
		machine := map[string]string{"linux/amd64": "x86_64", "linux/arm64": "aarch64"}[r.Platform]
		var names []string
		for _, w := range r.Wheels {
			names = append(names, w.Package+"=="+w.Version)
			sum, err := hex.DecodeString(w.SHA256)
			if err != nil || len(sum) != 32 || w.Size <= 0 || w.Unpacked < w.Size {
				t.Errorf("%s: sha256 %s, %d bytes, %d unpacked", w.File, w.SHA256, w.Size, w.Unpacked)
			}
			prefix := strings.ReplaceAll(w.Package, "-", "_") + "-" + w.Version + "-py3-none-manylinux"
			if machine == "" || !strings.HasPrefix(w.File, prefix) || !strings.HasSuffix(w.File, machine+".whl") {
				t.Errorf("%s, of %s %s for %s", w.File, w.Package, w.Version, r.Platform)
			}
		}
		all := strings.Join(names, " ")
		if before, ok := packages[r.Backend]; ok && before != all {
			t.Errorf("%s has %s on one platform, and on another %s", r.Backend, before, all)
		}
		packages[r.Backend] = all
		if r.Wheels[0].Version != r.Version || path.Ext(r.Plugin) != ".so" {
			t.Errorf("%s %s: %s of %s", r.Backend, r.Version, r.Plugin, r.Wheels[0].File)
		}
		// go-xla, and --pjrt, tell by the name what a plugin is for.
		if !strings.Contains(path.Base(r.Plugin), strings.TrimPrefix(r.Backend, "xla:")) {
			t.Errorf("%s: %s", r.Backend, r.Plugin)
		}
	}
}

func TestFind(t *testing.T) {
	for _, backend := range Backends() {
		if r, err := Find(backend, "linux/arm64"); err != nil || r.Backend != backend || r.Platform != "linux/arm64" {
			t.Errorf("%s: %+v, %v", backend, r, err)
		}
	}
	for _, test := range []struct{ backend, platform, want string }{
		{"xla:cpu", "darwin/arm64", "this is darwin/arm64. The go backend is always there"},
		{"xla:cuda", "windows/amd64", "--pjrt"},
		{"go", "linux/amd64", "part of plumb"},
		{"cuda", "linux/amd64", `Did you mean "xla:cuda"?`},
		{"xla:cpi", "linux/amd64", `Did you mean "xla:cpu"?`},
		{"auto", "linux/amd64", "one of xla:cpu, xla:cuda"},
	} {
		if _, err := Find(test.backend, test.platform); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s on %s: %v, want %q", test.backend, test.platform, err, test.want)
		}
	}
}

func TestPipDownload(t *testing.T) {
	r, err := Find("xla:cuda", "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	command := r.PipDownload()
	for _, want := range []string{"--no-deps", "--platform manylinux_2_27_x86_64", "--platform manylinux2014_x86_64", "jax-cuda13-pjrt==" + r.Version} {
		if !strings.Contains(command, want) {
			t.Errorf("%s: no %s", command, want)
		}
	}
	if n := strings.Count(command, "manylinux_2_27_x86_64"); n != 1 {
		t.Errorf("%s: the platform is there %d times", command, n)
	}
}
