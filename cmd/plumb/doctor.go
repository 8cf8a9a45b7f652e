package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/install"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

// backendNames are the backends in the order in which auto takes one.
var backendNames = []string{backends.XLACUDA, backends.XLACPU, backends.Go}

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
			p.checkInstalled(command.Context())
			auto, works := "nothing", false
			for _, name := range backendNames {
				err := p.examine(command.Context(), name, quick)
				if command.Context().Err() != nil {
					return command.Context().Err()
				}
				if auto != "nothing" {
					continue
				}
				switch {
				case err == nil:
					auto, works = name, true
				case errors.As(err, new(*ended)):
					auto = "nothing, for " + name + " ends the process,"
				}
			}
			fmt.Fprintf(p.out, "  %-9s takes %s here; plugins are looked for by\n            %s\n", backends.Auto, auto, indent(strings.Join(backends.Sources, ", then "), 12, 80))
			if !works {
				return exit{code: exitFailed}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&quick, "quick", false, "take a fifth of the time for the speed check")
	return command
}

// examine has a backend looked at in a process of its own: one that aborts must not
// take the report of the others along. The error has been written.
func (p *program) examine(ctx context.Context, name string, quick bool) error {
	_, err := p.tryBackend(ctx, name)
	if err == nil {
		err = p.speed(ctx, name, quick)
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	p.writeMissing(name, err.Error())
	if flags := os.Getenv("XLA_FLAGS"); flags != "" && errors.As(err, new(*ended)) {
		p.writeMissing("", fmt.Sprintf("XLA_FLAGS is set to %q; a flag that XLA does not know ends a process", flags))
	}
	return err
}

// speed has the speed of a backend measured, which opens.
func (p *program) speed(ctx context.Context, name string, quick bool) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{doctorVerb, name}
	if quick {
		args = append(args, "--quick")
	}
	child := exec.CommandContext(ctx, self, args...)
	var words bytes.Buffer
	child.Stdout, child.Stderr = p.out, &words
	err = child.Run()
	if errors.As(err, new(*exec.ExitError)) {
		return &ended{err.Error(), lastWords(words.String())}
	}
	return err
}

// writeMissing says of a backend why it is not there.
func (p *program) writeMissing(name, why string) {
	if name != "" {
		fmt.Fprintf(p.out, "  %-9s not available\n", name)
	}
	for line := range strings.Lines(why) {
		if line = strings.TrimSpace(line); line != "" {
			fmt.Fprintf(p.out, "            %s\n", indent(line, 12, 80))
		}
	}
}

// checkInstalled compares what plumb installed with what it was.
func (p *program) checkInstalled(ctx context.Context) {
	root, err := backends.Root(os.Getenv)
	if err != nil {
		return
	}
	for _, one := range install.List(root) {
		if err := one.Check(ctx); err != nil && ctx.Err() == nil {
			p.writeDamaged(one.Backend, one, err)
		}
	}
}

func (p *program) writeDamaged(label string, one install.Installed, err error) {
	fmt.Fprintf(p.out, "  %-9s %s\n", label, indent(fmt.Sprintf("damaged: %v. `plumb backend install %s` mends it", err, one.Backend), 12, 80))
}

// simdNotice says how to build a faster plumb, if this is a slow one.
func simdNotice() string {
	if session.BuiltWithSIMD || (runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64") {
		return ""
	}
	return "This plumb was built without SIMD instructions: computing on the CPU is slower.\nBuild it with GOEXPERIMENT=simd go build ./cmd/plumb"
}
