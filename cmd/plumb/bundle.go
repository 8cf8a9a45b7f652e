package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/bundle"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/reports"
)

// bundleSuffix ends the names of bundles.
const bundleSuffix = ".plumb.tar"

func (p *program) bundleCommand() *cobra.Command {
	var out string
	var bare, heavy bool
	command := &cobra.Command{
		Use:   "bundle RUN",
		Short: "Write a run into one file from which another lab checks every number",
		Long: "Write a run into one file, a tar archive that `plumb verify` checks: its record and\n" +
			"those of its stages, the tables of images, labels, scores and features that its\n" +
			"numbers were made of, the values of each prompt, the tables of its report, and the\n" +
			"experiment with its prompts and label files, each with its sha256. Checkpoints,\n" +
			"and weights of more than 64 MiB, are listed by their digest alone.\n\n" +
			"The same run gives the same bytes. The digest that is printed names them: it is\n" +
			"what a paper may quote. Run it where the run was started, so that the experiment's\n" +
			"files are found; without them the numbers can be checked, and not run again.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			s, err := p.readStore()
			if err != nil {
				return err
			}
			defer s.Close()
			input, err := p.madeRun(s, args[0])
			if err != nil {
				return err
			}
			run := input.Run
			if run.State == record.RunRunning {
				return fmt.Errorf("%s is under way; bundle it when it has ended", run.FullName())
			}
			if err := nothingLost(input); err != nil {
				return exit{exitFailed, err}
			}
			scratch, err := os.MkdirTemp("", "plumb-bundle-")
			if err != nil {
				return exit{exitFailed, err}
			}
			defer os.RemoveAll(scratch)
			if err := reports.WriteNumbers(scratch, input); err != nil {
				return exit{exitFailed, fmt.Errorf("write the report: %w", err)}
			}
			contents := bundle.Contents{Run: run, Records: input.Records, Open: s.File, Images: !bare, Files: map[string]string{}}
			for _, name := range reports.NumberFiles {
				contents.Files[bundle.ReportDir+name] = filepath.Join(scratch, name)
			}
			if err := p.addExperiment(ctx, &contents, heavy, scratch); err != nil {
				return err
			}
			if out == "" {
				out = run.FullName() + bundleSuffix
			}
			file, err := atomicfile.Create(out)
			if err != nil {
				if errors.Is(err, fs.ErrNotExist) {
					return fmt.Errorf("--out %s: there is no directory %s", out, filepath.Dir(out))
				}
				return exit{exitFailed, err}
			}
			defer file.Discard()
			digest, manifest, err := bundle.Write(ctx, file, contents, scratch)
			if err == nil {
				err = file.Commit()
			}
			if err != nil {
				return exit{exitFailed, fmt.Errorf("write %s: %w", out, err)}
			}
			var bytes int64
			for _, f := range manifest.Files {
				bytes += f.Bytes
			}
			if run.State != record.RunDone {
				fmt.Fprintf(p.err, "plumb: %s is %s: the bundle has what it finished\n", run.FullName(), run.State)
			}
			if manifest.NoFile != "" {
				fmt.Fprintf(p.err, "plumb: the experiment is left out, and `plumb verify --rerun` cannot run it: %s\n", manifest.NoFile)
			}
			if p.json {
				return p.writeJSON(struct {
					Path    string           `json:"path"`
					SHA256  string           `json:"sha256"`
					Bytes   int64            `json:"bytes"`
					Content *bundle.Manifest `json:"content"`
				}{out, digest, bytes, manifest})
			}
			fmt.Fprintf(p.out, "%s\n%s of %s\nsha256 %s\n", out, plural(len(manifest.Files), "file", "files"), byteSize(bytes), digest)
			fmt.Fprintf(p.out, "Check it with\n  plumb verify %s\n", quote(out))
			return nil
		},
	}
	command.Flags().StringVar(&out, "out", "", "the file to write (default NAME@ID"+bundleSuffix+")")
	command.Flags().BoolVar(&bare, "without-images", false, "leave out the pixels of images; their digests stay")
	command.Flags().BoolVar(&heavy, "weights", false, "put in weights of any size")
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// nothingLost complains if a finished stage has no record in the store any more.
func nothingLost(input reports.Input) error {
	for _, variant := range input.Run.Variants {
		for _, stage := range variant.Stages {
			finished := stage.Status == record.Done || stage.Status == record.Cached
			if finished && input.Records[stage.Key] == nil {
				return fmt.Errorf("what %s made is no longer in the store; %s makes it again", stage.Node, input.Run.Command)
			}
		}
	}
	return nil
}
