package main

import (
	"os"
	"strings"

	"github.com/plumb-ml/plumb/plugins/builtin"
	"github.com/plumb-ml/plumb/plugins/ml/compute"
)

func main() {
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr, house{plugin: builtin.Plugin(), doctor: builtin.Doctor, open: openBackend}))
}

// openBackend opens a backend and says which it is, in the words of HCL, and
// on what kind of device it computes.
func openBackend(name string) (backend, device string, err error) {
	opened, err := compute.Open(name)
	if err != nil {
		return "", "", err
	}
	// "go", or "xla:cuda - PJRT plugin ...".
	backend, _, _ = strings.Cut(opened.Description(), " ")
	if !strings.HasPrefix(backend, "xla:") {
		return compute.Go, "cpu", nil
	}
	device = "cpu"
	if backend != compute.XLACPU {
		// Which of several equal devices it is does not matter to a key.
		device, _, _ = strings.Cut(opened.DeviceDescription(0), " [")
	}
	return backend, device, nil
}
