package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/labelling"
)

// heard is what an experiment asks people, and what they said.
type heard struct {
	*loaded               // nil: a database alone
	asked                 []session.Asked
	path                  string // of the database
	judgements, withdrawn []people.Judgement
	reported              map[string]bool
	databaseIsNotThere    bool
}

// isDatabase reports whether a path is that of a database of judgements.
func isDatabase(path string) bool { return strings.EqualFold(filepath.Ext(path), ".sqlite") }

// isExperiment reports whether a path is that of an experiment or an ablation.
func isExperiment(path string) bool {
	return strings.HasSuffix(path, ".hcl") || strings.HasSuffix(path, ".hcl.json")
}

// hear reads what people said: of an experiment, which is to be closed, or in a database.
func (p *program) hear(ctx context.Context, path string) (*heard, error) {
	h := &heard{path: path}
	if !isDatabase(path) {
		s, err := p.load(ctx, path)
		if err != nil {
			return nil, err
		}
		h.loaded, h.path = s, s.Judgements()
		if h.asked, err = s.Ask(ctx); err != nil {
			s.Close()
			return nil, err
		}
		if len(h.asked) == 0 {
			s.Close()
			return nil, diag.Errorf(diag.Range{File: path}, "The experiment asks people nothing", "A people {} block in labels, comparisons or evaluate does: plumb reference people.")
		}
	}
	if err := h.read(ctx); err != nil {
		h.close()
		return nil, err
	}
	if h.databaseIsNotThere && h.loaded == nil {
		return nil, diag.Errorf(diag.Range{File: path}, "There is no such database", "Judgements lie in RUNS/NAME.people/judgements.sqlite; name the experiment's file to have them found.")
	}
	return h, nil
}

func (h *heard) close() {
	if h.loaded != nil {
		h.Close()
	}
}

func (h *heard) read(ctx context.Context) error {
	d, err := database.Read(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		h.databaseIsNotThere = true
		return nil
	}
	if err != nil {
		return exit{exitFailed, err}
	}
	defer d.Close()
	if h.judgements, err = d.Judgements(ctx); err != nil {
		return exit{exitFailed, err}
	}
	if h.withdrawn, err = d.Withdrawn(ctx); err != nil {
		return exit{exitFailed, err}
	}
	if h.reported, err = d.Reported(ctx); err != nil {
		return exit{exitFailed, err}
	}
	return nil
}

// questions are those of the experiment, or what the judgements say of theirs.
func (h *heard) questions() []people.Question {
	if h.loaded == nil {
		return labelling.QuestionsOf(h.judgements)
	}
	questions := make([]people.Question, len(h.asked))
	for i, asked := range h.asked {
		questions[i] = asked.Question
	}
	return questions
}

// items are those of each question, as far as their images are there.
func (h *heard) items() map[string][]people.Item {
	items := map[string][]people.Item{}
	for _, asked := range h.asked {
		if len(asked.Items) > 0 {
			items[asked.Name] = asked.Items
		}
	}
	return items
}

// chosen are the questions of a name, or all that there are.
func (h *heard) chosen(name string) ([]session.Asked, error) {
	if name == "" {
		return h.asked, nil
	}
	var names []string
	for _, asked := range h.asked {
		if asked.Name == name {
			return []session.Asked{asked}, nil
		}
		names = append(names, asked.Name)
	}
	return nil, fmt.Errorf("there is no question %q: the experiment asks %s.%s", name, strings.Join(names, ", "), diag.DidYouMean(name, names))
}

// drawn says of questions whose images are not there what makes them; nil if some are.
func (h *heard) drawn(asked []session.Asked) error {
	if slices.ContainsFunc(asked, func(a session.Asked) bool { return len(a.Items) > 0 }) {
		return nil
	}
	for _, a := range asked {
		if len(a.Problems) > 0 {
			return a.Problems
		}
	}
	return exit{exitFailed, fmt.Errorf("there are no images to ask about yet: %s draws them", h.program.command("run", h.File))}
}
