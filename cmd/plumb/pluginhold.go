package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/conformance"
)

// holdVerb is the hidden verb of a plumb that keeps a plugin busy until it is killed:
// `plumb plugin check` starts it to see what becomes of a plugin whose host dies.
const holdVerb = "plugin-hold"

// holdReady is what such a plumb prints when the plugin is at work.
const holdReady = "the plugin is at work"

func (p *program) pluginHoldCommand() *cobra.Command {
	var flags checkFlags
	command := &cobra.Command{
		Use:    holdVerb,
		Short:  "Keep a plugin busy until this process is killed",
		Hidden: true,
		Args:   cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			var words []string
			if command.ArgsLenAtDash() == 0 {
				words = args
			}
			return p.hold(command.Context(), args[0], words, flags)
		},
	}
	command.Flags().StringVar(&flags.component, "component", "", "the component")
	command.Flags().StringArrayVar(&flags.settings, "set", nil, "NAME=VALUE")
	command.Flags().StringVar(&flags.size, "size", "", "WIDTHxHEIGHT")
	command.Flags().StringArrayVar(&flags.prompts, "prompt", nil, "a prompt")
	return command
}

func (p *program) hold(ctx context.Context, target string, words []string, flags checkFlags) error {
	t, err := p.tried(ctx, target, words)
	if err != nil {
		return err
	}
	defer t.Kill()
	components, err := t.components(flags.component)
	if err != nil {
		return err
	}
	one, err := p.caseOf(ctx, components[0], flags)
	if err != nil {
		return err
	}
	return failed(conformance.Occupy(ctx, t, components[0], one, func() {
		fmt.Fprintln(p.raw, holdReady)
	}))
}

// orphanPatience is how soon a plugin whose host was killed must be gone.
const orphanPatience = 5 * time.Second

// checkOrphans kills a host while its plugin works: nothing of it stays.
func (p *program) checkOrphans(ctx context.Context, target string, words []string, components []sdk.Description, flags checkFlags) checked {
	out := checked{Name: "orphans", What: "nothing of it stays when the host is killed"}
	if !canSeeProcesses {
		out.Notes = []string{"not looked at: processes are not looked for on this system"}
		return out
	}
	var component *sdk.Description
	for _, c := range components {
		if _, err := p.caseOf(ctx, c, flags); err == nil {
			component = &c
			break
		}
	}
	if component == nil {
		out.Notes = []string{"not looked at: every component has an option that is required; give it by --set"}
		return out
	}
	self, err := os.Executable()
	if err != nil {
		out.Error = err.Error()
		return out
	}
	arguments := []string{holdVerb, "--component", component.Name}
	if p.backend != "" {
		arguments = append(arguments, "--backend", p.backend)
	}
	for _, setting := range flags.settings {
		arguments = append(arguments, "--set", setting)
	}
	if flags.size != "" {
		arguments = append(arguments, "--size", flags.size)
	}
	for _, prompt := range flags.prompts {
		arguments = append(arguments, "--prompt", prompt)
	}
	if len(words) > 0 {
		arguments = append(append(arguments, "--"), words...)
	} else {
		arguments = append(arguments, target)
	}
	host := exec.CommandContext(ctx, self, arguments...)
	var said strings.Builder
	host.Stderr = &said
	stdout, err := host.StdoutPipe()
	if err == nil {
		err = host.Start()
	}
	if err != nil {
		out.Error = err.Error()
		return out
	}
	ready := false
	for lines := bufio.NewScanner(stdout); !ready && lines.Scan(); {
		ready = lines.Text() == holdReady
	}
	running := descendants(host.Process.Pid)
	host.Process.Kill()
	host.Wait()
	switch left := stillThere(running, orphanPatience); {
	case !ready && ctx.Err() != nil:
		out.Error = fmt.Sprintf("it did not get to work within %v", flags.patience)
	case !ready:
		out.Error = "the host that was to be killed ended by itself: " + strings.TrimSpace(said.String())
	case len(left) > 0:
		out.Error = fmt.Sprintf("%v after the host was killed %s still there: %v. A plugin ends when its standard input does.",
			orphanPatience, plural(len(left), "process is", "processes are"), left)
		for _, one := range left {
			one.kill()
		}
	default:
		out.Notes = []string{fmt.Sprintf("%s of it, at work, were gone within %v", plural(len(running), "process", "processes"), orphanPatience)}
	}
	return out
}
