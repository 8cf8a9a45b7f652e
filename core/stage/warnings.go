package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// Bounds of what a stage's components may have the user read: more is noise.
const (
	maxWarnings      = 20
	maxWarningLength = 600 // in characters
)

// warnings collects what components warn of, each text once. It also keeps them
// in the scratch directory: a stage that was killed goes on with what is
// missing, and its components need not warn again.
type warnings struct {
	mu    sync.Mutex
	path  string
	texts []string
	more  map[string]bool // beyond maxWarnings; only counted
	err   error           // of keeping them
}

// collectWarnings returns a context whose warnings are collected.
func (job Job) collectWarnings(ctx context.Context) (context.Context, *warnings, error) {
	w := &warnings{path: filepath.Join(job.Scratch, "warnings.jsonl"), more: map[string]bool{}}
	data, err := os.ReadFile(w.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	lines, damaged := sealed.Lines(data)
	var intact []byte
	for _, line := range lines {
		intact = append(intact, sealed.Line(line)...)
		var text string
		if json.Unmarshal(line, &text) == nil {
			w.take(text)
		}
	}
	if len(intact) < len(data) { // a line that a kill has cut would spoil the next one
		if err := atomicfile.Write(w.path, intact); err != nil {
			return nil, nil, err
		}
	}
	if damaged > 0 {
		job.Repaired(fmt.Sprintf("Of the warnings in %s %d are damaged; the others are kept.", w.path, damaged))
	}
	return sdk.WithWarnings(ctx, w.add), w, nil
}

func (w *warnings) add(text string) {
	if runes := []rune(text); len(runes) > maxWarningLength {
		text = string(runes[:maxWarningLength]) + "…"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.take(text) {
		return
	}
	if err := w.keep(text); err != nil && w.err == nil {
		w.err = fmt.Errorf("keep a warning: %w", err)
	}
}

// take reports whether a text is one to show that was not there before.
func (w *warnings) take(text string) bool {
	if slices.Contains(w.texts, text) {
		return false
	}
	if len(w.texts) == maxWarnings {
		if len(w.more) < 1000*maxWarnings { // a component may warn of every image
			w.more[text] = true
		}
		return false
	}
	w.texts = append(w.texts, text)
	return true
}

// keep appends a text to the file in scratch.
func (w *warnings) keep(text string) error {
	line, err := json.Marshal(text)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(w.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(sealed.Line(line))
	return errors.Join(err, file.Close())
}

// all returns the texts, in the order in which they came.
func (w *warnings) all() ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	texts := slices.Clone(w.texts)
	if len(w.more) > 0 {
		texts = append(texts, fmt.Sprintf("There were %d more warnings like these.", len(w.more)))
	}
	return texts, w.err
}
