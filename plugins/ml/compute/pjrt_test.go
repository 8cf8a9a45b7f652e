package compute

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFindCUDA: the plugin is found by its own path, in its directory under
// either name, by a link, and in site-packages; other files are not taken for it.
func TestFindCUDA(t *testing.T) {
	root := t.TempDir()
	touch := func(name string) string {
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
	jax := touch("site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so")
	newer := touch("site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so")
	named := touch("named/pjrt_c_api_cuda_plugin.so")
	versioned := touch("versioned/pjrt_c_api_cuda_v0.83.4_plugin.so")
	touch("cpu/pjrt_c_api_cpu_plugin.so")
	link := filepath.Join(root, "links", "pjrt_c_api_cuda_plugin.so")
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(jax, link); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "folder", "xla_cuda_plugin.so"), 0o755); err != nil {
		t.Fatal(err)
	}
	for paths, want := range map[string]string{
		jax:                                  jax,
		filepath.Dir(jax):                    jax,
		filepath.Join(root, "site-packages"): newer,
		filepath.Join(root, "site-packages", "jax_plugins"):    newer,
		filepath.Join(root, "named"):                           named,
		filepath.Join(root, "versioned"):                       versioned,
		filepath.Dir(link):                                     link,
		filepath.Join(root, "cpu"):                             "",
		filepath.Join(root, "cpu", "pjrt_c_api_cpu_plugin.so"): "",
		filepath.Join(root, "folder"):                          "",
		filepath.Join(root, "nowhere"):                         "",
		"":                                                     "",
		strings.Join([]string{"", filepath.Join(root, "cpu"), jax}, string(os.PathListSeparator)): jax,
	} {
		if got := findCUDA(paths); got != want {
			t.Errorf("%s: %q, want %q", paths, got, want)
		}
	}
}
