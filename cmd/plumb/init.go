package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/starter"
)

func (p *program) initCommand() *cobra.Command {
	var name string
	command := &cobra.Command{
		Use:   "init DIRECTORY",
		Short: "Begin a project: a first experiment to edit, and an ablation of it",
		Long: "Begin a project: write a first experiment to edit, and an ablation of it, into a\n" +
			"directory that is empty or not there yet. The experiment is in the world of\n" +
			"shapes and runs in a minute or two, without a network.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			directory := args[0]
			if name == "" {
				absolute, err := filepath.Abs(directory)
				if err != nil {
					return err
				}
				if name = experimentName(absolute); name == "" {
					return fmt.Errorf("no name of an experiment can be made of that of the directory %s, which has no letter: give one with --name", directory)
				}
			}
			files, err := starter.Files(name)
			if err != nil {
				return fmt.Errorf("%w; give one with --name", err)
			}
			if err := emptyDirectory(directory); err != nil {
				return err
			}
			for _, file := range files {
				if err := os.WriteFile(filepath.Join(directory, file.Name), []byte(file.Content), 0o644); err != nil {
					return err
				}
			}
			experiment := filepath.Join(directory, files[0].Name)
			fmt.Fprintf(p.out, "%s is an experiment to edit. Next:\n\n  %s\n  %s\n\nThen, over three seeds and two values of a variable:\n\n  %s\n\n`plumb reference` explains each word of it.\n",
				experiment, p.command("plan", experiment), p.command("run", experiment), p.command("run", filepath.Join(directory, files[1].Name)))
			return nil
		},
	}
	command.Flags().StringVar(&name, "name", "", "name of the experiment (default: the directory's)")
	return command
}

// unnamed matches what a name cannot have.
var unnamed = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// experimentName makes a name of an experiment from that of a directory.
func experimentName(directory string) string {
	return strings.TrimLeft(unnamed.ReplaceAllString(filepath.Base(directory), "_"), "_-0123456789")
}
