package backends

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// touch makes an empty file below a directory.
func touch(t *testing.T, root, name string) string {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFind: what the user names comes first, then what plumb installed, the virtual
// environment, and go-xla's directories; each file once.
func TestFind(t *testing.T) {
	root := t.TempDir()
	const cpu, cuda = "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so", "jax_plugins/xla_cuda13/xla_cuda_plugin.so"
	named := touch(t, root, "named/my_cpu_plugin.so")
	installed := touch(t, root, "share/plumb/backends/xla-cpu/0.0.1/"+cpu)
	newer := touch(t, root, "share/plumb/backends/xla-cpu/0.0.2/"+cpu)
	touch(t, root, "share/plumb/backends/.new-1/"+cpu)
	half := touch(t, root, "share/plumb/backends/xla-cpu/0.0.4/"+cpu)
	torn := touch(t, root, "share/plumb/backends/xla-cpu/0.0.5/"+cpu)
	for version, manifest := range map[string][]byte{"0.0.1": sealed.Line([]byte("{}")), "0.0.2": sealed.Line([]byte("{}")), "0.0.3": sealed.Line([]byte("{}")), "0.0.5": sealed.Line([]byte("{}"))[:10]} {
		if err := os.WriteFile(touch(t, root, "share/plumb/backends/xla-cpu/"+version+"/manifest.json"), manifest, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	venv := touch(t, root, "venv/lib/python3.12/site-packages/"+cpu)
	conda := touch(t, root, "conda/lib/python3.11/site-packages/"+cuda)
	goxla := touch(t, root, "home/.local/lib/go-xla/pjrt_c_api_cpu_v0.83.4_plugin.so")
	variables := map[string]string{
		PJRTPathVariable: strings.Join([]string{filepath.Join(root, "none_cpu.so"), named, venv}, string(os.PathListSeparator)),
		"XDG_DATA_HOME":  filepath.Join(root, "share"), "HOME": filepath.Join(root, "home"),
		"VIRTUAL_ENV": filepath.Join(root, "venv"), "CONDA_PREFIX": filepath.Join(root, "conda"),
	}
	find := func(name string) []Candidate { return Find(name, func(name string) string { return variables[name] }) }
	if diff := cmp.Diff([]Candidate{
		{filepath.Join(root, "none_cpu.so"), Sources[0], "there is no such file"},
		{named, Sources[0], ""}, {venv, Sources[0], ""},
		{torn, Sources[1], filepath.Join(root, "share/plumb/backends/xla-cpu/0.0.5/manifest.json") + " is damaged: install the backend anew"},
		{half, Sources[1], "it was not installed, or not to the end: " + filepath.Join(root, "share/plumb/backends/xla-cpu/0.0.4") + " has no manifest.json. Remove the directory and install the backend"},
		{newer, Sources[1], ""}, {installed, Sources[1], ""}, {goxla, Sources[3], ""},
	}, find(XLACPU)); diff != "" {
		t.Errorf("xla:cpu (-want +got):\n%s", diff)
	}
	// What is missing may have been meant for either.
	if diff := cmp.Diff([]Candidate{{filepath.Join(root, "none_cpu.so"), Sources[0], "there is no such file"}, {conda, Sources[2], ""}}, find(XLACUDA)); diff != "" {
		t.Errorf("xla:cuda (-want +got):\n%s", diff)
	}
	variables[PJRTPathVariable], variables[RootVariable] = "", filepath.Join(root, "elsewhere")
	if diff := cmp.Diff([]Candidate{{venv, Sources[2], ""}, {goxla, Sources[3], ""}}, find(XLACPU)); diff != "" {
		t.Errorf("with another root (-want +got):\n%s", diff)
	}
	clear(variables)
	if found := find(XLACPU); len(found) != 0 {
		t.Errorf("of nothing: %v", found)
	}
}

// TestNamed: a plugin is found by its own path, in its directory under any of its
// names, by a link, and in site-packages; other files are not taken for it.
func TestNamed(t *testing.T) {
	root := t.TempDir()
	jax := touch(t, root, "site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so")
	newer := touch(t, root, "site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so")
	openxla := touch(t, root, "site-packages/xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so")
	renamed := touch(t, root, "named/pjrt_c_api_cuda_plugin.so")
	versioned := touch(t, root, "versioned/pjrt_c_api_cuda_v0.83.4_plugin.so")
	cpu := touch(t, root, "cpu/pjrt_c_api_cpu_plugin.so")
	unclear := touch(t, root, "unclear/plugin.so")
	link := filepath.Join(root, "links", "pjrt_c_api_cuda_plugin.so")
	for _, path := range []string{filepath.Dir(link), filepath.Join(root, "folder", "xla_cuda_plugin.so")} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(jax, link); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, paths string
		want        []string
	}{
		{XLACUDA, jax, []string{jax}},
		{XLACUDA, filepath.Dir(jax), []string{jax}},
		{XLACUDA, filepath.Join(root, "site-packages"), []string{newer, jax}},
		{XLACPU, filepath.Join(root, "site-packages"), []string{openxla}},
		{XLACUDA, filepath.Join(root, "site-packages", "jax_plugins"), []string{newer, jax}},
		{XLACPU, filepath.Join(root, "site-packages", "xla_plugins"), []string{openxla}},
		{XLACPU, filepath.Dir(openxla), []string{openxla}},
		{XLACUDA, filepath.Join(root, "named"), []string{renamed}},
		{XLACUDA, filepath.Join(root, "versioned"), []string{versioned}},
		{XLACUDA, filepath.Dir(link), []string{link}},
		{XLACUDA, filepath.Join(root, "cpu"), nil},
		{XLACUDA, cpu, nil},
		{XLACPU, cpu, []string{cpu}},
		{XLACPU, filepath.Join(root, "cpu"), []string{cpu}},
		{XLACPU, jax, nil},
		{XLACPU, unclear, []string{unclear + ": its name has neither"}},
		{XLACUDA, filepath.Join(root, "folder"), nil},
		{XLACUDA, filepath.Join(root, "nowhere"), []string{filepath.Join(root, "nowhere") + ": there is no such file"}},
		{XLACUDA, "", nil},
		{XLACUDA, strings.Join([]string{"", filepath.Join(root, "cpu"), jax}, string(os.PathListSeparator)), []string{jax}},
	} {
		var got []string
		for _, one := range named(test.name, test.paths) {
			text := one.Path
			if one.Why != "" {
				text += ": " + one.Why
			}
			got = append(got, text)
		}
		same := len(got) == len(test.want)
		for i := range got {
			same = same && strings.HasPrefix(got[i], test.want[i])
		}
		if !same {
			t.Errorf("%s in %s: %q, want %q", test.name, test.paths, got, test.want)
		}
	}
}

// TestRoot: the directory of backends is where the system's programs keep data.
func TestRoot(t *testing.T) {
	for _, test := range []struct {
		system    string
		variables map[string]string
		want      string
	}{
		{"linux", map[string]string{"HOME": "/home/ann"}, "/home/ann/.local/share"},
		{"linux", map[string]string{"HOME": "/home/ann", "XDG_DATA_HOME": "/data"}, "/data"},
		{"linux", map[string]string{"HOME": "/home/ann", "XDG_DATA_HOME": "data"}, "/home/ann/.local/share"},
		{"darwin", map[string]string{"HOME": "/Users/ann"}, "/Users/ann/Library/Application Support"},
		{"windows", map[string]string{"LocalAppData": "/C/Local"}, "/C/Local"},
		{"linux", nil, ""}, {"darwin", nil, ""}, {"windows", nil, ""},
	} {
		got, err := userData(test.system, func(name string) string { return test.variables[name] })
		if filepath.ToSlash(got) != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s, %v: %q, %v", test.system, test.variables, got, err)
		}
	}
	if _, err := Root(func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), RootVariable) {
		t.Errorf("without a home: %v", err)
	}
	if got, err := Root(func(name string) string { return map[string]string{RootVariable: "/mine"}[name] }); err != nil || got != "/mine" {
		t.Errorf("named: %q, %v", got, err)
	}
}
