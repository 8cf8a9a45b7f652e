package backends

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

// TestFindCPU: a CPU plugin is found by its own path, and is no directory.
func TestFindCPU(t *testing.T) {
	root := t.TempDir()
	plugin, cuda := filepath.Join(root, "pjrt_c_api_cpu_plugin.so"), filepath.Join(root, "xla_cuda_plugin.so")
	for _, path := range []string{plugin, cuda} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	directory := filepath.Join(root, "cpu")
	if err := os.Mkdir(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	for paths, want := range map[string]string{
		plugin: plugin, root: "", directory: "", cuda: "", "": "", filepath.Join(root, "no_cpu.so"): "",
		strings.Join([]string{directory, cuda, plugin}, string(os.PathListSeparator)): plugin,
	} {
		if got := findCPU(paths); got != want {
			t.Errorf("%s: %q, want %q", paths, got, want)
		}
	}
}

// TestDescribe: names and kinds of devices are the same wherever the plugin lies,
// whatever its version, and whichever of several GPUs it is.
func TestDescribe(t *testing.T) {
	smi := t.TempDir()
	t.Setenv("PATH", smi)
	t.Setenv("CUDA_VISIBLE_DEVICES", "")
	t.Setenv(tf32Variable, "")
	check := func(description, deviceDescription, wantName, wantDevice string) {
		t.Helper()
		name, device := describe(description, func() string { return deviceDescription })
		if name != wantName || device != wantDevice {
			t.Errorf("%s on %s: %q, %q, want %q, %q", description, deviceDescription, name, device, wantName, wantDevice)
		}
	}
	const number = "StreamExecutorGpuDevice(id=3, process_index=0, slice_index=0) [processId=0]"
	const kind = "StreamExecutorGpuDevice(device_kind=Tesla T4, id=0) [processId=0]"
	check("Go Portable Compute Backend (parallelism=-1)", "", Go, "cpu")
	for _, plugin := range []string{"cpu", "cpu_v0.83.4", "/opt/a b/cuda/pjrt_c_api_cpu_plugin.so"} {
		check("xla:"+plugin+` - PJRT "cpu" plugin (x) v0.104 [StableHLO] [1 device(s)]`, "TFRT_CPU_0 [processId=0]", XLACPU, "cpu")
	}
	for _, plugin := range []string{"cuda", "/cpu/my site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so"} {
		check("xla:"+plugin+" - PJRT plugin (x) v0.104 [StableHLO] [2 device(s)]", number, XLACUDA, "StreamExecutorGpuDevice")
		check("xla:"+plugin+" - PJRT plugin (x) v0.104 [StableHLO] [2 device(s)]", kind, XLACUDA, "Tesla T4")
	}
	// The script answers for two GPUs, or for the one after -i.
	script := "#!/bin/sh\nif [ \"$3\" = -i ]; then echo \"NVIDIA H100 number $4\"; exit; fi\necho NVIDIA A100-SXM4-40GB\necho NVIDIA A100-SXM4-40GB\n"
	if err := os.WriteFile(filepath.Join(smi, "nvidia-smi"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	check("xla:cuda - PJRT", number, XLACUDA, "NVIDIA A100-SXM4-40GB")
	t.Setenv("CUDA_VISIBLE_DEVICES", "GPU-5,GPU-7")
	check("xla:cuda - PJRT", kind, XLACUDA, "NVIDIA H100 number GPU-5")
	t.Setenv(tf32Variable, "0")
	check("xla:cuda - PJRT", kind, XLACUDA, "NVIDIA H100 number GPU-5, no TF32")
}
