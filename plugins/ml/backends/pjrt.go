package backends

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gomlx/compute"
)

// PJRTPathVariable is the environment variable that says where PJRT plugins lie:
// directories, or the files themselves, with colons between.
const PJRTPathVariable = "PJRT_PLUGIN_LIBRARY_PATH"

// tf32Variable is NVIDIA's own: 0 keeps its libraries from reading float32 as TF32,
// which has 10 bits behind the point in the place of 23.
const tf32Variable = "NVIDIA_TF32_OVERRIDE"

func withoutTF32() bool { return os.Getenv(tf32Variable) == "0" }

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

// findCPU looks for a CPU plugin that a list of paths names as a file; go-xla looks
// into directories alone. It returns an absolute path, or "".
func findCPU(paths string) string {
	for _, path := range filepath.SplitList(paths) {
		path, err := filepath.Abs(path)
		if err != nil || !strings.Contains(strings.ToLower(filepath.Base(path)), "cpu") {
			continue
		}
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}

// openFound opens the plugin of a backend that is found.
func openFound(name string) (compute.Backend, error) {
	paths := os.Getenv(PJRTPathVariable)
	found := findCPU(paths)
	if name == XLACUDA {
		found = findCUDA(paths)
	}
	if found == "" {
		return nil, fmt.Errorf("no PJRT plugin, see --pjrt or %s", PJRTPathVariable)
	}
	return openXLA(name, found)
}

// gpus lists NVIDIA's GPUs as nvidia-smi does: name, memory and driver; without
// it, their device files.
func gpus() []string {
	if list, err := nvidiaSMI("name,memory.total,driver_version"); err == nil {
		return list
	}
	devices, _ := filepath.Glob("/dev/nvidia[0-9]*")
	return devices
}

// nvidiaSMI asks for properties of GPUs: a line for each GPU.
func nvidiaSMI(properties string, options ...string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	options = append([]string{"--query-gpu=" + properties, "--format=csv,noheader"}, options...)
	out, err := exec.CommandContext(ctx, "nvidia-smi", options...).Output()
	if err != nil {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list, nil
}

// kindOf is the kind of an NVIDIA GPU: what nvidia-smi calls the first of those
// that CUDA sees, "NVIDIA A100-SXM4-40GB". XLA's own description of a device has
// its number and, in some versions, its kind.
func kindOf(description string) string {
	var options []string
	if first, _, _ := strings.Cut(os.Getenv("CUDA_VISIBLE_DEVICES"), ","); first != "" {
		options = []string{"-i", strings.TrimSpace(first)}
	}
	if names, err := nvidiaSMI("name", options...); err == nil && len(names) > 0 {
		return names[0]
	}
	if _, kind, ok := strings.Cut(description, "device_kind="); ok {
		kind, _, _ = strings.Cut(kind, ",")
		return strings.TrimRight(kind, ")")
	}
	name, _, _ := strings.Cut(description, "(")
	return name
}
