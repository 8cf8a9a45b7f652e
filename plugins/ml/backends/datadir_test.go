package backends

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDataDir: CUDA's compiler is taken from the wheels beside the plugin, and else
// from where the user has CUDA.
func TestDataDir(t *testing.T) {
	root := t.TempDir()
	site := filepath.Join(root, "my site")
	plugin := touch(t, site, "jax_plugins/xla_cuda13/xla_cuda_plugin.so")
	none := func(string) string { return "" }
	if got := dataDir(plugin, none); got != "" && got != "/usr/local/cuda" {
		t.Errorf("of nothing: %q", got)
	}
	touch(t, root, "home/nvvm/libdevice/libdevice.10.bc")
	home := func(name string) string { return map[string]string{"CUDA_HOME": filepath.Join(root, "home")}[name] }
	if got := dataDir(plugin, home); got != filepath.Join(root, "home") {
		t.Errorf("CUDA_HOME: %q", got)
	}
	touch(t, site, "nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc")
	if got := dataDir(plugin, home); got != filepath.Join(site, "nvidia", "cuda_nvcc") {
		t.Errorf("of CUDA 12's wheels: %q", got)
	}
	touch(t, site, "nvidia/cu13/nvvm/libdevice/libdevice.10.bc")
	if got := dataDir(plugin, home); got != filepath.Join(site, "nvidia", "cu13") {
		t.Errorf("of CUDA 13's wheels: %q", got)
	}

	t.Setenv(debugVariable, "")
	for given, want := range map[string]string{
		"":                         `--xla_gpu_cuda_data_dir="` + filepath.Join(site, "nvidia", "cu13") + `"`,
		"--a=1":                    `--xla_gpu_cuda_data_dir="` + filepath.Join(site, "nvidia", "cu13") + `" --a=1`,
		"--" + dataFlag + "=/mine": "--" + dataFlag + "=/mine",
		"/a/file/of/flags":         "/a/file/of/flags",
	} {
		t.Setenv(flagsVariable, given)
		if err := tellDataDir(plugin); err != nil {
			t.Fatal(err)
		}
		if got := os.Getenv(flagsVariable); got != want {
			t.Errorf("XLA_FLAGS %q becomes %q, want %q", given, got, want)
		}
	}
}
