package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
)

// resolveBackend names the backend that a name stands for, its device and its
// compiler. It is opened in a process of its own: a GPU must not be held by the
// process that only plans.
func (p *program) resolveBackend(ctx context.Context, name string) (environment plan.Environment, err error) {
	self, err := os.Executable()
	if err != nil {
		return environment, fmt.Errorf("find plumb's own binary: %w", err)
	}
	out, err := exec.CommandContext(ctx, self, backendVerb, name).Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return environment, diag.Errorf(diag.Range{}, fmt.Sprintf("The compute backend %q cannot be used", name),
			"%s\n\n`plumb doctor` says what there is on this machine.", strings.TrimSpace(string(ended.Stderr)))
	}
	if err != nil {
		return environment, err
	}
	// Libraries may have printed something before it.
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &environment); err != nil {
		return environment, fmt.Errorf("read what the backend %s is: %w", name, err)
	}
	return environment, nil
}
