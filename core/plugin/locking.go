package plugin

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// Prepare makes ready what an entry runs in, before it is locked: of a script with its
// packages in its header, uv chooses their versions and fetches them, so that a run
// does neither. What uv says goes to out. Other plugins need nothing.
func Prepare(ctx context.Context, entry Entry, out io.Writer) error {
	script, err := entry.script()
	if script == "" || err != nil {
		return err
	}
	uv, err := lookPath("uv")
	if err != nil {
		return nil // which resolving the entry says
	}
	for _, arguments := range [][]string{{"lock", "--script", script}, {"sync", "--locked", "--script", script}} {
		command := exec.CommandContext(ctx, uv, arguments...)
		command.Dir = filepath.Dir(script)
		command.Env = fetchingEnvironment(os.Environ(), entry.Environment)
		var said strings.Builder
		command.Stdout, command.Stderr = out, io.MultiWriter(out, &said)
		if err := command.Run(); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return diag.Errorf(entry.Place("source"), fmt.Sprintf("The packages of plugin %q cannot be had", entry.called()),
				"uv %s: %v. It said:\n  %s", strings.Join(arguments, " "), err, strings.ReplaceAll(clip(strings.TrimSpace(said.String()), 4000), "\n", "\n  "))
		}
	}
	return nil
}

// script is the Python script with a header that an entry is run by; empty if it is
// anything else.
func (e Entry) script() (string, error) {
	source, info, problem := e.source()
	if problem != nil {
		return "", problem
	}
	if info == nil || len(e.Command) > 0 {
		return "", nil
	}
	if info.IsDir() {
		if source, problem = e.within(source); problem != nil {
			return "", problem
		}
	}
	if strings.HasSuffix(source, ".py") && hasHeader(source) {
		return source, nil
	}
	return "", nil
}

// Lock is what there is to lock of a plugin that runs: it is started, and asked.
func (h *Host) Lock(ctx context.Context, plugin string) (*Locked, error) {
	description, err := h.Describe(ctx, plugin)
	if err != nil {
		return nil, err
	}
	for _, p := range h.providers {
		if p.entry.Name != plugin {
			continue
		}
		locked := &Locked{Name: plugin, Source: p.entry.Source, Command: p.entry.Command, Description: description}
		locked.SHA256, locked.Contents = p.is()
		if len(locked.Contents) > mostListed {
			locked.Contents = nil
		}
		return locked, nil
	}
	return nil, fmt.Errorf("there is no plugin %q", plugin)
}
