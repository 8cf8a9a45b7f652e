package backends

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tf32Variable is NVIDIA's own: 0 keeps its libraries from reading float32 as TF32,
// which has 10 bits behind the point in the place of 23.
const tf32Variable = "NVIDIA_TF32_OVERRIDE"

func withoutTF32() bool { return os.Getenv(tf32Variable) == "0" }

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
