package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// Where experiments and ablations are, by habit, and how their files end.
var (
	fileHomes  = []string{".", "experiments", "ablations"}
	fileEnds   = []string{".hcl", ".hcl.json"}
	lockEnding = ".lock.hcl"
)

// missingFile is the error of a verb's FILE that is not there, with what may have
// been meant; nil if it is there.
func missingFile(file string) error {
	info, err := os.Stat(file)
	switch {
	case err == nil && info.IsDir():
		return diag.Errorf(diag.Range{}, "A directory in the place of a file", "%s is a directory.%s", file, choices("It has", experimentsIn(file)))
	case !errors.Is(err, fs.ErrNotExist):
		return nil // whatever else there is to say is said when it is read
	}
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	var same, all []string
	for _, home := range append([]string{filepath.Dir(file)}, fileHomes...) {
		for _, path := range experimentsIn(home) {
			if slices.Contains(all, path) {
				continue
			}
			all = append(all, path)
			if stem(path) == name {
				same = append(same, path)
			}
		}
	}
	if len(same) == 0 {
		stems := make([]string, len(all))
		for i, path := range all {
			stems[i] = stem(path)
		}
		if meant := diag.Suggest(name, stems); meant != "" {
			for _, path := range all {
				if stem(path) == meant {
					same = append(same, path)
				}
			}
		}
	}
	found := choices("There are", all)
	switch len(same) {
	case 0:
	case 1:
		found = fmt.Sprintf(" Did you mean %s?", same[0])
	default:
		found = fmt.Sprintf(" Did you mean one of %s?", strings.Join(same, ", "))
	}
	return diag.Errorf(diag.Range{}, "No such file", "There is no file %s.%s", file, found)
}

// choices lists paths, if there are any.
func choices(begin string, paths []string) string {
	const most = 8
	if len(paths) == 0 {
		return ""
	}
	more := ""
	if len(paths) > most {
		paths, more = paths[:most], fmt.Sprintf(" and %d others", len(paths)-most)
	}
	return " " + begin + " " + strings.Join(paths, ", ") + more + "."
}

// experimentsIn lists the files in a directory that are called as experiments and
// ablations are.
func experimentsIn(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var paths []string
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || strings.HasSuffix(name, lockEnding) || stem(name) == name {
			continue
		}
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths
}

// ofAnExperiment matches what begins an experiment or an ablation, in HCL or in JSON.
var ofAnExperiment = regexp.MustCompile(`(?m)^[\s{]*"?(experiment|ablation)"?\s*[":]`)

// experimentFiles puts in the place of each directory the experiments and ablations in it
// and below it, without those of runs and of hidden directories. Files there that hold
// neither, such as values of variables, are passed over, and warned of.
func experimentFiles(words []string) (files []string, passed diag.List, err error) {
	for _, word := range words {
		if info, err := os.Stat(word); err != nil || !info.IsDir() {
			files = append(files, word) // what is wrong with it is said when it is read
			continue
		}
		before := len(files)
		err := filepath.WalkDir(word, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !entry.IsDir() {
				return nil
			}
			if name := entry.Name(); path != word && (strings.HasPrefix(name, ".") || name == defaultRunsDir) {
				return fs.SkipDir
			}
			for _, file := range experimentsIn(path) {
				text, err := os.ReadFile(file)
				if err == nil && !ofAnExperiment.Match(text) {
					passed.Warningf(diag.Range{File: file}, "Passed over", "%s is neither an experiment nor an ablation.", file)
					continue
				}
				files = append(files, file)
			}
			return nil
		})
		if err != nil {
			return nil, nil, fmt.Errorf("look for experiments in %s: %w", word, err)
		}
		if len(files) == before {
			return nil, nil, fmt.Errorf("%s has no experiment and no ablation, in it or below it: their files end in %s", word, strings.Join(fileEnds, " or "))
		}
	}
	return files, passed, nil
}

// stem is a file's name without its directory and the ending of an experiment.
func stem(path string) string {
	name := filepath.Base(path)
	for _, end := range fileEnds {
		if short, ok := strings.CutSuffix(name, end); ok {
			return short
		}
	}
	return name
}
