package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/reference"
	"github.com/plumb-ml/plumb/core/session"
)

// completer lists what a word on a command line may become.
type completer func(ctx context.Context, args []string) []string

// asked is a completer as cobra takes one. What goes wrong while somebody types is
// said when the command is run, and not among the words.
func (p *program) asked(words completer) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		p.err = io.Discard
		var fitting []string
		for _, word := range words(command.Context(), args) {
			if strings.HasPrefix(word, begun) {
				fitting = append(fitting, word)
			}
		}
		return fitting, cobra.ShellCompDirectiveNoFileComp
	}
}

// fileThen completes a FILE, and what comes behind it.
func (p *program) fileThen(words completer) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		switch {
		case len(args) == 0:
			return []string{"hcl", "json"}, cobra.ShellCompDirectiveFilterFileExt
		case len(args) == 1 && words != nil:
			return p.asked(words)(command, args, begun)
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
}

// stageWords are the stages of the plan of a FILE, which comes first.
func (p *program) stageWords(ctx context.Context, args []string) []string {
	if len(args) == 0 {
		return nil
	}
	s, err := p.read(ctx, args[0])
	if err != nil {
		return nil
	}
	defer s.Close()
	var words []string
	for _, node := range s.Plan.Nodes {
		words = append(words, node.Label)
	}
	return words
}

// runWords are the runs of the store, by name and by whole name.
func (p *program) runWords(_ context.Context, args []string) []string {
	s, err := p.readStore()
	if err != nil {
		return nil
	}
	defer s.Close()
	listed, err := s.Runs()
	if err != nil {
		return nil
	}
	var words []string
	for _, one := range listed {
		name, _, _ := strings.Cut(one.FullName, "@")
		words = append(words, name, one.FullName)
	}
	slices.Sort(words)
	return slices.DeleteFunc(slices.Compact(words), func(word string) bool { return slices.Contains(args, word) })
}

// variableWords are NAME= of the variables of a FILE, or of the experiment of an
// ablation.
func (p *program) variableWords(ctx context.Context, args []string) []string {
	if len(args) == 0 {
		return nil
	}
	declared, err := session.Declared(ctx, args[0], p.files)
	if err != nil {
		return nil
	}
	var words []string
	for _, variable := range declared {
		words = append(words, variable.Name+"=")
	}
	return words
}

// referenceWords are what the reference knows.
func (p *program) referenceWords(context.Context, []string) []string {
	return reference.New(p.described()).Words()
}

// componentWords are the built-in components.
func (p *program) componentWords(context.Context, []string) []string {
	var words []string
	for _, component := range p.plugin.Components {
		words = append(words, component.Name)
	}
	return words
}

// only completes the first words of a command, if no word has been typed.
func only(most int, words completer) completer {
	return func(ctx context.Context, args []string) []string {
		if len(args) >= most {
			return nil
		}
		return words(ctx, args)
	}
}

// complete says how the words of the verbs are completed.
func (p *program) complete(root *cobra.Command) error {
	for _, command := range root.Commands() {
		switch command.Name() {
		case "run", "plan", "validate", "fmt", "download":
			command.ValidArgsFunction = p.fileThen(nil)
		case "explain", "export":
			command.ValidArgsFunction = p.fileThen(p.stageWords)
		case "report", "runs", "compare", "bundle", "track":
			command.ValidArgsFunction = p.asked(p.runWords)
		case "watch":
			command.ValidArgsFunction = p.asked(only(1, p.runWords))
		case "reference":
			command.ValidArgsFunction = p.asked(only(1, p.referenceWords))
		case "plugins":
			command.ValidArgsFunction = p.asked(only(1, p.componentWords))
		}
		for _, flag := range []string{"until", "only", "force"} {
			if command.Flags().Lookup(flag) == nil {
				continue
			}
			if err := command.RegisterFlagCompletionFunc(flag, p.asked(p.stageWords)); err != nil {
				return err
			}
		}
	}
	if err := root.RegisterFlagCompletionFunc("backend", p.asked(func(context.Context, []string) []string {
		return append([]string{"auto"}, backendNames...)
	})); err != nil {
		return err
	}
	return root.RegisterFlagCompletionFunc("var", func(command *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		words, _ := p.asked(p.variableWords)(command, args, begun)
		return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	})
}
