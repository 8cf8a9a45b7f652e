package install

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPipConfig: files and variables win over each other as for pip.
func TestPipConfig(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	system := write("etc/pip.conf", "[global]\ncert = /system.pem\n")
	user := write("home/.config/pip/pip.conf", "[global]\nindex-url = https://user/simple/\ncert = /user.pem\n# index-url = https://no\n[download]\nindex-url = https://download\n")
	venv := write("venv/pip.conf", "[install]\nindex_url: https://venv/simple\n")
	named := write("named.conf", "[global]\nno-index = true\nindex-url = https://global\n[install]\nindex-url = https://install\n")
	for name, test := range map[string]struct {
		variables map[string]string
		want      Pip
	}{
		"the system":  {nil, Pip{Index: publicIndex, Cert: "/system.pem", From: "pip's default"}},
		"the user":    {map[string]string{"HOME": dir + "/home"}, Pip{Index: "https://user/simple", Cert: "/user.pem", From: user}},
		"XDG":         {map[string]string{"XDG_CONFIG_HOME": dir + "/home/.config"}, Pip{Index: "https://user/simple", Cert: "/user.pem", From: user}},
		"environment": {map[string]string{"HOME": dir + "/home", "VIRTUAL_ENV": dir + "/venv"}, Pip{Index: "https://venv/simple", Cert: "/user.pem", From: venv}},
		"named":       {map[string]string{"HOME": dir + "/home", "PIP_CONFIG_FILE": named}, Pip{Index: "https://install", Cert: "/system.pem", None: true, From: named}},
		"variables": {map[string]string{"HOME": dir + "/home", "PIP_CONFIG_FILE": named, "PIP_INDEX_URL": "https://variable/simple/", "PIP_CERT": "/v.pem", "PIP_NO_INDEX": "0"},
			Pip{Index: "https://variable/simple", Cert: "/v.pem", From: "PIP_INDEX_URL"}},
		"no files": {map[string]string{"HOME": dir + "/home", "PIP_CONFIG_FILE": os.DevNull}, Pip{Index: publicIndex, From: "pip's default"}},
	} {
		got := pipConfig(func(name string) string { return test.variables[name] }, system)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
