//go:build cgo && !windows

package backends

import (
	"fmt"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"

	"github.com/plumb-ml/plumb/plugins/ml/backends/pjrt"
)

// names are what plugins are called towards go-xla, which reads out of a name what a
// plugin can do, and takes one that looks like an absolute path as it is.
var names = map[string]string{XLACPU: "/xla:cpu", XLACUDA: "/xla:cuda"}

// openXLA opens the PJRT plugin that lies at a path; cards are what gpus lists.
func openXLA(name, path string, cards []string) (backend compute.Backend, err error) {
	defer func() {
		if r := recover(); r != nil { // as go-xla does when a client cannot be made
			err = fmt.Errorf("it is damaged, or for another machine (%v)", r)
		}
	}()
	xla.EnableAutoInstall(false)
	options := ""
	switch name {
	case XLACPU:
		pjrt.KeepMemory()
	case XLACUDA:
		options = ",preallocate=false"
		if withoutTF32() { // not all products are computed in NVIDIA's libraries
			options += ",tf32=false"
		}
	}
	library, err := identify(path)
	if err != nil {
		return nil, err
	}
	flags := os.Getenv(flagsVariable) // as the user set them
	inPlace := true
	if name == XLACPU {
		if flags, inPlace, err = withoutPacking(library, os.Getenv); err != nil {
			return nil, err
		}
	}
	code := codeFor(name, library, flags, cards)
	if name == XLACUDA {
		keepTuning(library)
		if err := tellDataDir(path); err != nil {
			return nil, err
		}
	}
	plugin, err := pjrt.Load(names[name], path, executables(), library.Digest+"\n"+code)
	if err != nil {
		return nil, fmt.Errorf("it does not open: %w", err)
	}
	opened, err := xla.NewWithOptions(names[name]+options, nil)
	if err != nil {
		return nil, fmt.Errorf("it does not start: %w", err)
	}
	api := fmt.Sprintf("%d.%d", plugin.Major, plugin.Minor)
	return &shared{Backend: opened, name: name, path: path, api: api, compiler: compiler(name, library, api, flags), inPlace: inPlace}, nil
}

// apiVersion is the version of PJRT's API that a backend's plugin was built with.
func apiVersion(backend compute.Backend) string {
	if s, ok := backend.(*shared); ok {
		return s.api
	}
	return ""
}

// Compiler is what makes the code of a backend, as far as numbers depend on it; empty
// if nothing does.
func Compiler(backend compute.Backend) string {
	if s, ok := backend.(*shared); ok {
		return s.compiler
	}
	return ""
}
