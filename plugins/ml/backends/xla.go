//go:build cgo

package backends

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
)

// openXLA opens a PJRT plugin that is installed. One of CUDA is opened only where
// there is a GPU: without one it may take the process with it.
func openXLA(name string) (backend compute.Backend, err error) {
	defer func() {
		if r := recover(); r != nil { // as go-xla does when a library cannot be loaded
			err = fmt.Errorf("a PJRT plugin on %s is damaged, or for another machine (%v): %s", PJRTPathVariable, r, os.Getenv(PJRTPathVariable))
		}
	}()
	xla.EnableAutoInstall(false)
	plugin, options := name[len("xla:"):], ""
	paths := os.Getenv(PJRTPathVariable)
	switch name {
	case XLACPU:
		if found := findCPU(paths); found != "" {
			plugin = found
		}
	case XLACUDA:
		if len(gpus()) == 0 {
			return nil, errors.New("there is no NVIDIA GPU: nvidia-smi lists none, and there is no /dev/nvidia0")
		}
		// A path is opened as it is; go-xla does not know the name that JAX uses.
		if found := findCUDA(paths); found != "" {
			plugin = found
		}
		// go-xla shares the host's memory with a plugin that has "cpu" anywhere in its path.
		options = ",preallocate=false,shared_buffers=false"
		if withoutTF32() { // not all products are computed in NVIDIA's libraries
			options += ",tf32=false"
		}
		quietAbout(plugin)
	}
	if strings.Contains(plugin, ",") {
		return nil, fmt.Errorf("the path of the PJRT plugin has a comma, which go-xla cannot read: %s", plugin)
	}
	opened, err := xla.NewWithOptions(plugin+options, nil)
	if err != nil {
		return nil, fmt.Errorf("no PJRT plugin, see --pjrt or %s: %w", PJRTPathVariable, err)
	}
	return &shared{Backend: opened}, nil
}

// quietAbout keeps go-xla from a long warning about CUDA's libraries where they lie
// in site-packages/nvidia, beside the jax_plugins of JAX's wheel: go-xla looks for
// them one directory lower.
func quietAbout(plugin string) {
	const checks = "GOPJRT_CUDA_CHECKS"
	nvidia := filepath.Join(filepath.Dir(plugin), "..", "..", "nvidia")
	if info, err := os.Stat(nvidia); err == nil && info.IsDir() && filepath.IsAbs(plugin) && os.Getenv(checks) == "" {
		os.Setenv(checks, "0")
	}
}
