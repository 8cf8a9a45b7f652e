package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/conformance"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// triedPlugin is a plugin that the user names on the command line, to check it or to
// try it: a file or directory, a command, or a built-in component. It runs though
// nobody has locked it, for that is what was asked for.
type triedPlugin struct {
	*plugin.Host
	name        string // of its entry in the host
	description client.Description
	component   string // that the user named; empty: all of them
}

var _ conformance.Plugin = (*triedPlugin)(nil)

// tried starts what the user named. Kill its host.
func (p *program) tried(ctx context.Context, target string, command []string) (*triedPlugin, error) {
	session, err := p.sessionOptions()
	if err != nil {
		return nil, err
	}
	options := session.Plugins
	options.Backend = p.backend
	t := &triedPlugin{}
	_, missing := os.Stat(target)
	if len(command) == 0 && missing == nil {
		command = p.ownPython(target)
	}
	switch built, names := p.builtIn(target); {
	case len(command) > 0:
		here, err := os.Getwd()
		if err != nil {
			return nil, fmt.Errorf("find this directory: %w", err)
		}
		options.Builtin = plugin.Entry{}
		options.Plugins = []plugin.Entry{{Plugin: spec.Plugin{Command: command, Directory: here}, Allowed: true}}
	case missing == nil:
		options.Builtin, options.Plugins = plugin.Entry{}, []plugin.Entry{plugin.SourceEntry("", target)}
	case built:
		t.name, t.component = spec.Builtin, target
		for _, component := range p.plugin.Components {
			options.Components = append(options.Components, component.Description)
		}
	default:
		return nil, fmt.Errorf("%s is neither a plugin's file or directory nor a built-in component.%s The components are %s",
			target, diag.DidYouMean(target, names), strings.Join(names, ", "))
	}
	t.Host = plugin.NewHost(options)
	p.onKill(t.Host.Kill)
	if t.description, err = await(ctx, func() (client.Description, error) { return t.Describe(ctx) }); err != nil {
		t.Kill()
		return nil, failed(err)
	}
	return t, nil
}

// ownPython is what runs a Python script, or the one that its directory is called after,
// on a machine without uv: the virtual environment beside it, if there is one.
func (p *program) ownPython(target string) []string {
	script := target
	if info, err := os.Stat(target); err == nil && info.IsDir() {
		whole, err := filepath.Abs(target)
		if err != nil {
			return nil
		}
		script = filepath.Join(target, filepath.Base(whole)+".py")
	}
	if _, err := os.Stat(script); err != nil || filepath.Ext(script) != ".py" {
		return nil
	}
	if _, err := exec.LookPath("uv"); err == nil {
		return nil
	}
	python := filepath.Join(filepath.Dir(script), ".venv", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		return nil
	}
	if !filepath.IsAbs(python) {
		python = "." + string(filepath.Separator) + python // a path, and no program of PATH
	}
	fmt.Fprintf(p.err, "uv is not on the PATH: %s runs by %s.\n", script, python)
	return []string{python, script}
}

// builtIn reports whether a built-in component has a name, and lists all names.
func (p *program) builtIn(name string) (is bool, names []string) {
	for _, component := range p.plugin.Components {
		is = is || component.Name == name
		names = append(names, component.Name)
	}
	return is, names
}

// failed is the error of a check or call that failed, and not of the command line.
func failed(err error) error {
	if err == nil || ctxEnded(err) {
		return err
	}
	return exit{exitFailed, err}
}

// Describe is what the plugin says of itself.
func (t *triedPlugin) Describe(ctx context.Context) (client.Description, error) {
	return t.Host.Describe(ctx, t.name)
}

// CheckPrompts asks a component about prompts.
func (t *triedPlugin) CheckPrompts(ctx context.Context, r client.CheckPromptsRequest) (sdk.PromptFindings, error) {
	return t.Host.CheckPrompts(ctx, r.Kind, r.Component, cmp.Or(r.Name, r.Component), r.CheckPromptsRequest)
}

// components are those that were asked for, of some kinds; of all kinds if none is
// given.
func (t *triedPlugin) components(named string, kinds ...schema.Kind) ([]sdk.Description, error) {
	named = cmp.Or(named, t.component)
	var found []sdk.Description
	var names []string
	for _, c := range t.description.Components {
		right := len(kinds) == 0
		for _, kind := range kinds {
			right = right || c.Kind == kind
		}
		if !right {
			continue
		}
		names = append(names, c.Name)
		if named == "" || c.Name == named {
			found = append(found, c)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	what := "component"
	if len(kinds) == 1 {
		what = string(kinds[0])
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the plugin has no %s", what)
	}
	return nil, fmt.Errorf("the plugin has no %s %q.%s There is %s", what, named, diag.DidYouMean(named, names), strings.Join(names, ", "))
}
