package compute

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// PJRTPathVariable is the environment variable that says where PJRT plugins lie:
// directories, or the files themselves, with colons between.
const PJRTPathVariable = "PJRT_PLUGIN_LIBRARY_PATH"

// jaxCUDA is what JAX's wheels call the CUDA plugin; it is the same library as
// what go-xla looks for as pjrt_c_api_cuda_plugin.so.
const jaxCUDA = "xla_cuda_plugin.so"

// namedCUDA are the names that go-xla finds by itself.
var namedCUDA = []string{"pjrt_c_api_cuda*_plugin.so", "pjrt-plugin-cuda*.so", "pjrt_plugin_cuda*.so"}

// findCUDA looks for a CUDA plugin where a list of paths says: the file itself,
// or in a directory, that of a wheel (jax_plugins/xla_cuda12) and the site-packages
// above it included. It returns an absolute path, or "".
func findCUDA(paths string) string {
	for _, path := range filepath.SplitList(paths) {
		if path == "" {
			continue
		}
		path, err := filepath.Abs(path)
		if err != nil {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if !info.IsDir() {
			if strings.Contains(strings.ToLower(filepath.Base(path)), "cuda") {
				return path
			}
			continue
		}
		patterns := append(append([]string(nil), namedCUDA...), jaxCUDA,
			filepath.Join("xla_cuda*", jaxCUDA), filepath.Join("jax_plugins", "xla_cuda*", jaxCUDA))
		for _, pattern := range patterns {
			found, err := filepath.Glob(filepath.Join(path, pattern))
			if err != nil || len(found) == 0 {
				continue
			}
			last := found[len(found)-1] // of several versions the highest
			if info, err := os.Stat(last); err == nil && !info.IsDir() {
				return last
			}
		}
	}
	return ""
}

// gpus lists NVIDIA's GPUs as nvidia-smi does: name, memory and driver; without
// it, their device files.
func gpus() []string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader").Output()
	if err == nil {
		var list []string
		for line := range strings.Lines(string(out)) {
			if line = strings.TrimSpace(line); line != "" {
				list = append(list, line)
			}
		}
		return list
	}
	devices, _ := filepath.Glob("/dev/nvidia[0-9]*")
	return devices
}
