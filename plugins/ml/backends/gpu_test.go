package backends

import (
	"os"
	"path/filepath"
	"testing"
)

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
