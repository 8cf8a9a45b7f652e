package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plumb-ml/plumb/core/bundle"
	"github.com/plumb-ml/plumb/core/spec"
)

const (
	// mostBundled is how large a file or directory of an experiment may be that is put
	// into a bundle unasked.
	mostBundled = 64 << 20
	// mostUp is how many directories above the experiment's own a file of it may lie: of
	// one that is farther off, another lab has no place for.
	mostUp = 4
)

// addExperiment puts the files of a run's experiment among the contents of its bundle,
// if they are here and are still those of the run; else the contents say why not.
func (p *program) addExperiment(ctx context.Context, contents *bundle.Contents, heavy bool, scratch string) error {
	run := contents.Run
	defer p.aside()()
	p.backend = ""
	p.ranWith(run.Command)
	load, made := p.read, ""
	if flags, args, ok := judged(run.Command); ok { // its experiment is in no file
		text, err := p.judgement(ctx, flags, args)
		if err != nil {
			contents.NoFile = err.Error()
			return ctx.Err()
		}
		made = filepath.Join(scratch, judgeFile)
		if err := os.WriteFile(made, text, 0o666); err != nil {
			return exit{exitFailed, err}
		}
		p.files.Put(run.File, text)
		load = p.readKnown
	}
	s, err := load(ctx, run.File)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		contents.NoFile = fmt.Sprintf("%s cannot be read here: %v", run.File, err)
		return nil
	}
	defer s.Close()
	same := len(s.Variants) == len(run.Variants)
	for i := range s.Variants {
		same = same && s.Variants[i].ID == run.Variants[i].ID
	}
	if !same {
		contents.NoFile = run.File + ", or what it reads, is another now than in the run"
		return nil
	}
	home, err := filepath.Abs(filepath.Dir(run.File))
	if err != nil {
		return exit{exitFailed, err}
	}
	// All that is read, and the digest of what is no source.
	items := map[string]string{}
	for name := range p.files.Sources() {
		items[name] = ""
	}
	for _, name := range p.varFiles {
		items[name] = ""
	}
	for _, variant := range s.Variants {
		for path, digest := range variant.Spec.Digests {
			items[path] = digest
		}
		for _, images := range variant.Spec.Images {
			if images.Folder != nil {
				items[images.Folder.Path] = images.Inventory.Digest
			}
		}
		for _, plugin := range variant.Spec.Plugins {
			if !slices.ContainsFunc(contents.LeftOut, func(l bundle.LeftOut) bool { return l.What == "the plugin "+plugin.Name }) {
				contents.LeftOut = append(contents.LeftOut, bundle.LeftOut{What: "the plugin " + plugin.Name, Why: "a plugin is installed where it runs; its digest is in the records of its stages"})
			}
		}
	}
	relative := map[string]string{} // of items that can be placed, to home
	up := 0
	for item, digest := range items {
		path, err := filepath.Abs(item)
		if err != nil {
			return exit{exitFailed, err}
		}
		rel, err := filepath.Rel(home, path)
		above := strings.Count(filepath.ToSlash(rel)+"/", "../")
		why := ""
		switch {
		case strings.Contains(path, string(filepath.Separator)+"models--"): // as the hub's cache lays them out
			why = "it is of Hugging Face's hub, and plumb download fetches it"
		case err != nil || above > mostUp:
			why = "it is not beside the experiment"
		case digest != "" && p.namesWhole(path):
			why = "the experiment names it by its whole path"
		}
		if why != "" {
			contents.LeftOut = append(contents.LeftOut, bundle.LeftOut{What: item, SHA256: digest, Why: why})
			continue
		}
		relative[item], up = rel, max(up, above)
	}
	base := home
	for range up {
		base = filepath.Dir(base)
	}
	place := func(rel string) (string, error) {
		rel, err := filepath.Rel(base, filepath.Join(home, rel))
		return filepath.ToSlash(rel), err
	}
	for item, rel := range relative {
		name, err := place(rel)
		if err != nil {
			return exit{exitFailed, err}
		}
		if item == run.File && made != "" {
			contents.Files[bundle.ExperimentDir+name] = made
			continue
		}
		files, size, err := filesBelow(item)
		if err != nil {
			contents.LeftOut = append(contents.LeftOut, bundle.LeftOut{What: item, SHA256: items[item], Why: err.Error()})
			continue
		}
		if size > mostBundled && !heavy {
			contents.LeftOut = append(contents.LeftOut, bundle.LeftOut{What: item, Path: name, SHA256: items[item], Bytes: size, Why: "it is large, and --weights was not given"})
			continue
		}
		for below, path := range files {
			contents.Files[bundle.ExperimentDir+filepath.ToSlash(filepath.Join(name, below))] = path
		}
	}
	slices.SortFunc(contents.LeftOut, func(a, b bundle.LeftOut) int { return strings.Compare(a.What, b.What) })
	if contents.File, err = place(filepath.Base(run.File)); err != nil {
		return exit{exitFailed, err}
	}
	for _, variable := range p.vars {
		contents.Arguments = append(contents.Arguments, "-var", variable)
	}
	for _, file := range p.varFiles {
		rel, known := relative[file]
		if !known {
			contents.File, contents.NoFile = "", file+" is not beside the experiment"
			return nil
		}
		name, err := place(rel)
		if err != nil {
			return exit{exitFailed, err}
		}
		contents.Arguments = append(contents.Arguments, "-var-file", name)
	}
	return nil
}

// namesWhole reports whether HCL that was read, or a variable, has a path from the root
// on: at another place it leads nowhere.
func (p *program) namesWhole(path string) bool {
	for _, text := range p.files.Sources() {
		if bytes.Contains(text, []byte(path)) {
			return true
		}
	}
	return slices.ContainsFunc(p.vars, func(value string) bool { return strings.Contains(value, path) })
}

// filesBelow lists a file, called "", or the files of a directory by their names in it,
// and how large they are together.
func filesBelow(root string) (files map[string]string, size int64, err error) {
	files = map[string]string{}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := os.Stat(path) // links count as what they lead to
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is a link to a directory, or no file", path)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if name == "." {
			name = ""
		}
		files[name] = path
		size += info.Size()
		return nil
	})
	return files, size, err
}

// aside lets another file be loaded than this call is about, with flags of its own, and
// returns what puts those of the call back.
func (p *program) aside() (back func()) {
	files, vars, varFiles, backend, runsDir, found, remembered := p.files, p.vars, p.varFiles, p.backend, p.runsDir, p.runsFound, p.remembered
	p.files, p.vars, p.varFiles = spec.NewFiles(), nil, nil
	return func() {
		p.files, p.vars, p.varFiles, p.backend, p.runsDir, p.runsFound, p.remembered = files, vars, varFiles, backend, runsDir, found, remembered
	}
}

// judged takes the command of a run of plumb judge apart; ok is false for another's.
func judged(command string) (flags judgeFlags, args []string, ok bool) {
	words := splitWords(command)
	if len(words) < 2 || words[1] != "judge" {
		return flags, nil, false
	}
	set := pflag.NewFlagSet("judge", pflag.ContinueOnError)
	set.ParseErrorsAllowlist.UnknownFlags = true // of every verb
	flags.add(set)
	if err := set.Parse(longFlags(words[2:])); err != nil {
		return flags, nil, false
	}
	return flags, set.Args(), true
}

// ranWith takes over the flags of a run's command that say what was run.
func (p *program) ranWith(command string) {
	words := splitWords(command)
	for i := 0; i+1 < len(words); i++ {
		switch strings.Replace(words[i], "--", "-", 1) { // earlier commands have one dash
		case "-var":
			p.vars = append(p.vars, words[i+1])
		case "-var-file":
			p.varFiles = append(p.varFiles, words[i+1])
		case "-backend":
			p.backend = words[i+1]
		default:
			continue
		}
		i++
	}
}

// splitWords undoes what command does: words between spaces, or in single quotes.
func splitWords(command string) []string {
	var words []string
	var word strings.Builder
	begun, quoted := false, false
	for i := 0; i < len(command); i++ {
		switch c := command[i]; {
		case c == '\'':
			quoted, begun = !quoted, true
		case c == '\\' && !quoted && i+1 < len(command):
			i++
			word.WriteByte(command[i])
			begun = true
		case c == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}
