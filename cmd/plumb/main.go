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
func openBackend(name string) opened {
	choice, err := backends.Choose(name)
	answer := opened{Plugin: choice.Plugin, Passed: choice.Passed}
	if err != nil {
		answer.Error = err.Error()
		return answer
	}
	backend, device := backends.Describe(choice.Backend)
	answer.Environment = plan.Environment{Backend: backend, Device: device, Compiler: backends.Compiler(choice.Backend)}
	return answer
}
