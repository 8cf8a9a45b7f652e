package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/session"
)

func (p *program) doctorCommand() *cobra.Command {
	quick := false
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine can compute with, what would be used, and how fast it is",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			fmt.Fprintf(p.out, "plumb %s, %s, %s/%s, %s\n", session.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH,
				plural(runtime.NumCPU(), "CPU", "CPUs"))
			if notice := simdNotice(); notice != "" {
				fmt.Fprintln(p.out, notice)
			}
			self, err := os.Executable()
			if err != nil {
				return err
			}
			// In a process of its own: a backend that aborts must not take the
			// report of the others along.
			args := []string{doctorVerb}
			if quick {
				args = append(args, "--quick")
			}
			child := exec.CommandContext(command.Context(), self, args...)
			child.Stdout, child.Stderr = p.out, p.err
			err = child.Run()
			var ended *exec.ExitError
			if errors.As(err, &ended) {
				return exit{exitFailed, fmt.Errorf("the check of the compute backends ended with %s", ended)}
			}
			return err
		},
	}
	command.Flags().BoolVar(&quick, "quick", false, "leave out the speed check")
	return command
}

// simdNotice says how to build a faster plumb, if this is a slow one.
func simdNotice() string {
	if session.BuiltWithSIMD || (runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64") {
		return ""
	}
	return "This plumb was built without SIMD instructions: computing on the CPU is slower.\nBuild it with GOEXPERIMENT=simd go build ./cmd/plumb"
}
