//go:build !cgo || windows

package backends

import (
	"errors"

	"github.com/gomlx/compute"
)

var errWithout = errors.New("this binary was built without a C compiler, so XLA is not in it; the go backend is")

// openXLA says why there is no XLA in this binary.
func openXLA(string, string, []string) (compute.Backend, error) { return nil, errWithout }

// OpenLowering says the same.
func OpenLowering(string, func(program []byte) error) (compute.Backend, error) {
	return nil, errWithout
}

// apiVersion is empty: no plugin is opened here.
func apiVersion(compute.Backend) string { return "" }

// Compiler is empty: nothing compiles here.
func Compiler(compute.Backend) string { return "" }
