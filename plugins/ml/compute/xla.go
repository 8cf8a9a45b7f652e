//go:build cgo

package compute

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
)

// openXLA opens a PJRT plugin that is installed.
func openXLA(name string) (backend compute.Backend, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	xla.EnableAutoInstall(false)
	plugin := name[len("xla:"):]
	backend, err = xla.New(plugin + ",preallocate=false")
	if err != nil {
		return nil, fmt.Errorf("no PJRT plugin for %s on PJRT_PLUGIN_LIBRARY_PATH: %w", plugin, err)
	}
	return backend, nil
}
