package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/store"
)

// findRun finds the run that a word of the command line means: NAME, of which the
// one that was begun last counts, NAME@ID or ID, of which the beginning is enough,
// or the directory of its report. It says what it took where there was a choice.
func (p *program) findRun(s *store.Store, word string) (store.ListedRun, error) {
	found, err := p.findRuns(s, word)
	if err != nil {
		return store.ListedRun{}, err
	}
	if len(found) > 1 && !strings.Contains(word, "@") {
		fmt.Fprintf(p.err, "plumb: %s is the latest of %s of that name; `plumb runs` lists them\n", found[0].FullName, plural(len(found), "run", "runs"))
	}
	return found[0], nil
}

// findOneRun is findRun where a name that several runs have is no answer.
func (p *program) findOneRun(s *store.Store, word string) (store.ListedRun, error) {
	found, err := p.findRuns(s, word)
	if err != nil {
		return store.ListedRun{}, err
	}
	if len(found) > 1 {
		return store.ListedRun{}, fmt.Errorf("%d runs are called %q; say which:\n  %s", len(found), word, strings.Join(fullNames(found), "\n  "))
	}
	return found[0], nil
}

// findRuns finds the runs that a word may mean: at least one, and several only if
// they have one name; the latest comes first.
func (p *program) findRuns(s *store.Store, word string) ([]store.ListedRun, error) {
	all, err := s.Runs()
	if err != nil {
		return nil, exit{exitFailed, err}
	}
	name := word
	if strings.ContainsRune(word, filepath.Separator) {
		name = filepath.Base(filepath.Clean(word))
		if target, err := os.Readlink(filepath.Clean(word)); err == nil {
			name = filepath.Base(target)
		}
	}
	filter := func(is func(run store.ListedRun) bool) []store.ListedRun {
		return slices.DeleteFunc(slices.Clone(all), func(run store.ListedRun) bool { return !is(run) })
	}
	if found := filter(func(run store.ListedRun) bool { return nameOf(run) == name || run.FullName == name }); len(found) > 0 {
		return found, nil
	}
	begin := filter(func(run store.ListedRun) bool {
		_, id, _ := strings.Cut(run.FullName, "@")
		if strings.Contains(name, "@") {
			return strings.HasPrefix(run.FullName, name)
		}
		return name != "" && strings.HasPrefix(id, name)
	})
	switch {
	case len(begin) == 1:
		return begin, nil
	case len(begin) > 1:
		return nil, fmt.Errorf("%q begins the names of %d runs; say more of one:\n  %s", word, len(begin), strings.Join(fullNames(begin), "\n  "))
	case len(all) == 0:
		return nil, fmt.Errorf("no run %q: there are no runs in the store %s. `plumb run FILE` makes one; --store and --runs name other places", word, s.Dir())
	}
	var names []string
	for _, run := range all {
		if one := nameOf(run); !slices.Contains(names, one) {
			names = append(names, one)
		}
	}
	return nil, fmt.Errorf("no run %q.%s There are runs of %s; `plumb runs` lists them", word, diag.DidYouMean(name, append(names, fullNames(all)...)), strings.Join(names, ", "))
}

// nameOf is a run's name, also of one that cannot be read.
func nameOf(run store.ListedRun) string {
	name, _, _ := strings.Cut(run.FullName, "@")
	return name
}

func fullNames(runs []store.ListedRun) []string {
	names := make([]string, len(runs))
	for i, run := range runs {
		names[i] = run.FullName
	}
	return names
}
