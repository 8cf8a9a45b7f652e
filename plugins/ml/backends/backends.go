// Package backends opens the backend that tensors are computed on.
//
// Nothing is downloaded: a PJRT plugin is used if it is installed, and the
// pure-Go backend is always there.
package backends

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// Names of the backends, as they are written in HCL.
const (
	Auto    = "auto"
	Go      = "go"
	XLACPU  = "xla:cpu"
	XLACUDA = "xla:cuda"
)

var (
	lock   sync.Mutex
	opened = map[string]compute.Backend{}
)

// Open returns the backend called name, the same one for every call in this
// process. "auto" is the first that works of xla:cuda, xla:cpu and go.
func Open(name string) (compute.Backend, error) {
	lock.Lock()
	defer lock.Unlock()
	if name == "" {
		name = Auto
	}
	if backend := opened[name]; backend != nil {
		return backend, nil
	}
	backend, err := open(name)
	if err != nil {
		return nil, err
	}
	opened[name] = backend
	return backend, nil
}

func open(name string) (compute.Backend, error) {
	switch name {
	case Auto:
		for _, candidate := range []string{XLACUDA, XLACPU} {
			if backend, err := openFound(candidate); err == nil {
				return backend, nil
			}
		}
		return openGo()
	case Go:
		return openGo()
	case XLACPU, XLACUDA:
		backend, err := openFound(name)
		if err != nil {
			return nil, fmt.Errorf("backend %s: %w", name, err)
		}
		return backend, nil
	}
	return nil, fmt.Errorf("unknown backend %q: one of auto, go, xla:cpu, xla:cuda", name)
}

// openGo opens the pure-Go backend with an unlimited pool of workers. With its
// default, limited one, matrix products that run side by side can each hold a
// worker while they wait for another, for ever (compute v0.1.2).
func openGo() (compute.Backend, error) {
	// The backend announces the setting on standard output, which in a plugin
	// belongs to the handshake.
	stdout := os.Stdout
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err == nil {
		os.Stdout = null
		defer func() { os.Stdout = stdout; null.Close() }()
	}
	return gobackend.New("parallelism=-1")
}

// Describe names a backend in the words of HCL, and its kind of device. Neither
// is a path or a number: which of several equal devices it is, and where its
// plugin lies, does not matter to a key; whether float32 is all of it does.
func Describe(backend compute.Backend) (name, device string) {
	return describe(backend.Description(), func() string { return backend.DeviceDescription(0) })
}

// describe reads what go-xla says of a backend: "xla:cuda - PJRT plugin ...", or
// the name with a version, or a path in its place.
func describe(description string, deviceDescription func() string) (name, device string) {
	name, _, _ = strings.Cut(description, " - PJRT ")
	plugin, isXLA := strings.CutPrefix(name, "xla:")
	plugin = strings.ToLower(filepath.Base(plugin))
	switch {
	case !isXLA:
		return Go, "cpu"
	case strings.Contains(plugin, "cuda"):
		device = kindOf(deviceDescription())
		if withoutTF32() {
			device += ", no TF32"
		}
		return XLACUDA, device
	case strings.Contains(plugin, "cpu"):
		return XLACPU, "cpu"
	}
	device, _, _ = strings.Cut(deviceDescription(), " [")
	return "xla:" + plugin, device
}

// Parallel is how many independent parts a batch should be cut into inside a
// graph, so that work that a backend does on one core is done on several.
func Parallel(backend compute.Backend) int {
	if backend.String() == Go {
		return 2
	}
	return 1
}
