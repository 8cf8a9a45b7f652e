package main

import (
	"os"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/builtin"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

func main() {
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr, house{plugin: builtin.Plugin(), doctor: builtin.Doctor, open: openBackend}))
}

// openBackend opens a backend and says which it is, in the words of HCL, on what kind
// of device it computes, and what compiles for it.
func openBackend(name string) (plan.Environment, error) {
	opened, err := backends.Open(name)
	if err != nil {
		return plan.Environment{}, err
	}
	backend, device := backends.Describe(opened)
	return plan.Environment{Backend: backend, Device: device, Compiler: backends.Compiler(opened)}, nil
}
