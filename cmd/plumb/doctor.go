package main

import (
	"bytes"
	"context"
	"encoding/json"
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
			health := p.machine(command.Context())
			if !p.json {
				p.writeMachine(health)
			}
			for _, name := range backendNames { // each is printed when it is known
				one := p.examine(command.Context(), name, quick)
				if command.Context().Err() != nil {
					return command.Context().Err()
				}
				health.Backends = append(health.Backends, one)
				if !p.json {
					p.writeBackend(one)
				}
			}
			health.choose()
			if p.json {
				if err := p.writeJSON(health); err != nil {
					return err
				}
			} else {
				p.writeAuto(health)
			}
			if health.Auto == "" {
				return exit{code: exitFailed}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&quick, "quick", false, "take a fifth of the time for the speed check")
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// machineHealth is what there is to say of this machine.
type machineHealth struct {
	Plumb    string          `json:"plumb"`
	Go       string          `json:"go"`
	OS       string          `json:"os"`
	Arch     string          `json:"arch"`
	CPUs     int             `json:"cpus"`
	SIMD     bool            `json:"simd"` // plumb was built with it
	Damaged  []damagedJSON   `json:"damaged"`
	Backends []backendHealth `json:"backends"` // in the order in which auto takes one
	Auto     string          `json:"auto"`     // the one that it takes; empty: none
	Sources  []string        `json:"sources"`  // where plugins are looked for, in order
}

// damagedJSON is a backend that plumb installed and that is another by now.
type damagedJSON struct {
	Backend string `json:"backend"`
	Dir     string `json:"dir"`
	Error   string `json:"error"`
}

// backendHealth is a backend, and how fast it is or why it cannot be used.
type backendHealth struct {
	Name  string `json:"name"`
	Works bool   `json:"works"`
	Error string `json:"error,omitempty"`
	Ends  bool   `json:"ends_the_process,omitempty"` // in place of an error
	Hint  string `json:"hint,omitempty"`
	*backends.Health
}

// machine is what is known without a look at backends.
func (p *program) machine(ctx context.Context) machineHealth {
	health := machineHealth{
		Plumb: session.Version(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(),
		SIMD: session.BuiltWithSIMD, Damaged: []damagedJSON{}, Sources: backends.Sources,
	}
	root, err := backends.Root(os.Getenv)
	if err != nil {
		return health
	}
	for _, one := range install.List(root) {
		if err := one.Check(ctx); err != nil && ctx.Err() == nil {
			health.Damaged = append(health.Damaged, damagedJSON{one.Backend, one.Dir, err.Error()})
		}
	}
	return health
}

// choose says which backend auto takes: the first that works, if none before it ends
// the process that opens it.
func (h *machineHealth) choose() {
	for _, one := range h.Backends {
		if one.Works {
			h.Auto = one.Name
		}
		if one.Works || one.Ends {
			return
		}
	}
}

func (p *program) writeMachine(h machineHealth) {
	fmt.Fprintf(p.out, "plumb %s, %s, %s/%s, %s\n", h.Plumb, h.Go, h.OS, h.Arch, plural(h.CPUs, "CPU", "CPUs"))
	if notice := simdNotice(); notice != "" {
		fmt.Fprintln(p.out, notice)
	}
	for _, one := range h.Damaged {
		p.writeDamaged(one.Backend, one.Backend, one.Error)
	}
}

func (p *program) writeBackend(one backendHealth) {
	if one.Works {
		one.Health.Write(p.out)
		return
	}
	p.writeMissing(one.Name, one.Error)
	if one.Hint != "" {
		p.writeMissing("", one.Hint)
	}
}

func (p *program) writeAuto(h machineHealth) {
	auto := h.Auto
	if auto == "" {
		auto = "nothing"
		for _, one := range h.Backends {
			if one.Ends {
				auto = "nothing, for " + one.Name + " ends the process,"
				break
			}
		}
	}
	fmt.Fprintf(p.out, "  %-9s takes %s here; plugins are looked for by\n            %s\n", backends.Auto, auto, indent(strings.Join(h.Sources, ", then "), 12, 80))
}

// examine has a backend looked at in a process of its own: one that aborts must not
// take the report of the others along.
func (p *program) examine(ctx context.Context, name string, quick bool) backendHealth {
	one := backendHealth{Name: name}
	_, err := p.tryBackend(ctx, name)
	if err == nil {
		one.Health, err = p.speed(ctx, name, quick)
	}
	if one.Works = err == nil; err != nil {
		one.Error, one.Ends = err.Error(), errors.As(err, new(*ended))
		if flags := os.Getenv("XLA_FLAGS"); flags != "" && one.Ends {
			one.Hint = fmt.Sprintf("XLA_FLAGS is set to %q; a flag that XLA does not know ends a process", flags)
		}
	}
	return one
}

// speed has the speed of a backend measured, which opens.
func (p *program) speed(ctx context.Context, name string, quick bool) (*backends.Health, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{doctorVerb, name}
	if quick {
		args = append(args, "--quick")
	}
	child := exec.CommandContext(ctx, self, args...)
	var words bytes.Buffer
	child.Stderr = &words
	out, err := child.Output()
	if errors.As(err, new(*exec.ExitError)) {
		return nil, &ended{err.Error(), lastWords(words.String())}
	}
	if err != nil {
		return nil, err
	}
	health := new(backends.Health)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n") // a plugin may print before
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), health); err != nil {
		return nil, fmt.Errorf("look at the backend %s: %w", name, err)
	}
	return health, nil
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

func (p *program) writeDamaged(label, backend, why string) {
	fmt.Fprintf(p.out, "  %-9s %s\n", label, indent(fmt.Sprintf("damaged: %s. `plumb backend install %s` mends it", why, backend), 12, 80))
}

// simdNotice says how to build a faster plumb, if this is a slow one.
func simdNotice() string {
	if session.BuiltWithSIMD || (runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64") {
		return ""
	}
	return "This plumb was built without SIMD instructions: computing on the CPU is slower.\nBuild it with GOEXPERIMENT=simd go build ./cmd/plumb"
}
