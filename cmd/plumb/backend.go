package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// resolveBackend names the backend that a name stands for, and its device. It is
// opened in a process of its own: a GPU must not be held by the process that only
// plans.
func (p *program) resolveBackend(ctx context.Context, name string) (backend, device string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", "", fmt.Errorf("find plumb's own binary: %w", err)
	}
	out, err := exec.CommandContext(ctx, self, backendVerb, name).Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return "", "", diag.Errorf(diag.Range{}, fmt.Sprintf("The compute backend %q cannot be used", name),
			"%s\n\n`plumb doctor` says what there is on this machine.", strings.TrimSpace(string(ended.Stderr)))
	}
	if err != nil {
		return "", "", err
	}
	backend, device, _ = strings.Cut(strings.TrimSpace(string(out)), "\t")
	return backend, device, nil
}
