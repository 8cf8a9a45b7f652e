package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/install"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

// opened is what a process says that opened a backend.
type opened struct {
	Environment plan.Environment     `json:"environment"` // its name, never auto, its kind of device and its compiler
	Plugin      *backends.Candidate  `json:"plugin,omitempty"`
	Passed      []backends.Candidate `json:"passed,omitempty"` // that were there, and did not open
	Error       string               `json:"error,omitempty"`
}

// ended is a process that ended while it opened a backend, in place of an error.
type ended struct {
	how   string // "signal: aborted"
	words string // its last line
}

func (e *ended) Error() string {
	text := "opening it ended the process (" + e.how + ")"
	if e.words != "" {
		text += ", which said last: " + e.words
	}
	return text
}

// tryBackend opens a backend in a process of its own: a GPU must not be held by the
// process that only plans, and a plugin may end the one that loads it.
func (p *program) tryBackend(ctx context.Context, name string) (opened, error) {
	self, err := os.Executable()
	if err != nil {
		return opened{}, fmt.Errorf("find plumb's own binary: %w", err)
	}
	command := exec.CommandContext(ctx, self, backendVerb, name)
	var words bytes.Buffer
	command.Stderr = &words
	command.Env = append(os.Environ(), backends.CompilerVariable+"=") // whichever there is
	out, err := command.Output()
	if ctx.Err() != nil {
		return opened{}, ctx.Err()
	}
	var answer opened
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if json.Unmarshal([]byte(lines[len(lines)-1]), &answer) == nil { // a plugin may print before
		if answer.Error != "" {
			return answer, errors.New(answer.Error)
		}
		return answer, nil
	}
	if errors.As(err, new(*exec.ExitError)) {
		return opened{}, &ended{err.Error(), lastWords(words.String())}
	}
	return opened{}, fmt.Errorf("open the backend %s: %w", name, errors.Join(err, errors.New("the process gave no answer")))
}

// lastWords are what a process that was aborted said of it: the line that XLA marks
// as fatal, or the last one.
func lastWords(text string) string {
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "F0") || strings.HasPrefix(line, "F1") { // glog's mark, then month and day
			return line
		}
		if line != "" {
			last = line
		}
	}
	return last
}

// resolveBackend names the backend that a name stands for, its device and its
// compiler.
func (p *program) resolveBackend(ctx context.Context, name string) (plan.Environment, error) {
	answer, err := p.tryBackend(ctx, name)
	if ctx.Err() != nil {
		return plan.Environment{}, ctx.Err()
	}
	var dead *ended
	switch {
	case errors.As(err, &dead):
		return plan.Environment{}, diag.Errorf(diag.Range{}, fmt.Sprintf("The compute backend %q ended the process that opened it", name), "%s", explainEnd(name, dead))
	case err != nil && answer.Error == "":
		return plan.Environment{}, err
	case err != nil:
		return plan.Environment{}, diag.Errorf(diag.Range{}, fmt.Sprintf("The compute backend %q cannot be used", name),
			"%s\n\n`plumb doctor` says what there is on this machine.", answer.Error)
	}
	if err := intact(answer); err != nil {
		return plan.Environment{}, err
	}
	p.notePassed(answer)
	// For the processes that compute.
	if err := os.Setenv(backends.CompilerVariable, answer.Environment.Compiler); err != nil {
		return plan.Environment{}, err
	}
	return answer.Environment, nil
}

// intact refuses a plugin that plumb installed and that is another by now: it opens,
// and nobody knows what it computes.
func intact(answer opened) error {
	root, err := backends.Root(os.Getenv)
	if err != nil || answer.Plugin == nil {
		return nil
	}
	one, ok := install.Holds(root, answer.Plugin.Path)
	switch {
	case !ok: // the user's own
		return nil
	case one.Unreadable != nil:
		err = one.Unreadable
	case one.Path() == answer.Plugin.Path && !strings.Contains(answer.Environment.Compiler, one.SHA256):
		err = fmt.Errorf("%s has another content than what was installed", one.Plugin)
	}
	if err == nil {
		return nil
	}
	return diag.Errorf(diag.Range{}, fmt.Sprintf("The compute backend %q is damaged", one.Backend),
		"In %s: %v.\n\n`plumb backend install %s` mends it; --backend go needs no plugin.", one.Dir, err, one.Backend)
}

// explainEnd says what to do about a process that ended.
func explainEnd(name string, dead *ended) string {
	text := fmt.Sprintf("It ended with %s.", dead.how)
	if dead.words != "" {
		text += " Its last words:\n\n" + dead.words
	}
	if flags := os.Getenv("XLA_FLAGS"); flags != "" {
		text += fmt.Sprintf("\n\nXLA_FLAGS is set to %q. A flag there that XLA does not know ends a process: unset it, and see whether that helps.", flags)
	}
	for _, one := range []string{backends.XLACUDA, backends.XLACPU} {
		if name != one && name != backends.Auto && name != "" {
			continue
		}
		if found := backends.Find(one, os.Getenv); len(found) > 0 {
			text += fmt.Sprintf("\n\nThe first plugin that is tried for %s is %s.", one, found[0])
		}
	}
	return text + "\n\n`plumb doctor` tries each backend by itself; --backend go needs no plugin."
}

// notePassed says once which plugins were there and did not open.
func (p *program) notePassed(answer opened) {
	if len(answer.Passed) == 0 || p.passedNoted {
		return
	}
	p.passedNoted = true
	var list diag.List
	lines := make([]string, len(answer.Passed))
	for i, one := range answer.Passed {
		lines[i] = one.String()
	}
	list.Warningf(diag.Range{}, "A PJRT plugin was passed over", "%s\n\nComputed is on %s.", strings.Join(lines, "\n"), answer.Environment.Backend)
	p.complain(list)
}
