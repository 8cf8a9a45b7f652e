package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/reports"
)

// judgeFlags say how models are judged that no file describes.
type judgeFlags struct {
	prompts, encoder, inception, real, rater, like string
	rewards, plugins                               []string
	perPrompt, steps, size                         int
	seed                                           uint64
	guidance                                       float64
	hcl                                            bool
}

func (j *judgeFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&j.prompts, "prompts", "", "a text file with a prompt on each line")
	flags.IntVar(&j.perPrompt, "per-prompt", 4, "images of each prompt by each model")
	flags.Uint64Var(&j.seed, "seed", 1, "of the images: all models draw from the same seeds")
	flags.IntVar(&j.size, "size", 0, "pixels of a side: models draw in it, and images of folders are brought to it")
	flags.IntVar(&j.steps, "steps", 0, "steps of the solver (default the model's 50)")
	flags.Float64Var(&j.guidance, "guidance", -1, "guidance scale (default the model's 7.5)")
	flags.StringVar(&j.encoder, "encoder", "", "CLIP, as a directory or hf://OWNER/NAME, or a component (default "+defaultCLIP+")")
	flags.StringArrayVar(&j.rewards, "reward", nil, "what scores the images: a component, or PLUGIN/COMPONENT; repeatable (default clip_score)")
	flags.StringArrayVar(&j.plugins, "plugin", nil, "NAME=PATH of a plugin that a --reward or --rater is of; repeatable")
	flags.StringVar(&j.rater, "rater", "", "a component that labels images good or bad, for win rates")
	flags.StringVar(&j.real, "real", "", "a folder of real images with captions, for FID, KID and CMMD")
	flags.StringVar(&j.inception, "inception", "", "weights of FID's Inception; without them the distances are between the features of --encoder")
	flags.StringVar(&j.like, "like", "", "a directory of diffusers whose configurations and tokenizer a single safetensors file shares (default the first directory among the models)")
	flags.BoolVar(&j.hcl, "hcl", false, "print the experiment as HCL and run nothing")
}

// judgeFile is what the experiment is called that judge makes in memory.
const judgeFile = "judge.hcl"

func (p *program) judgeCommand() *cobra.Command {
	var flags judgeFlags
	command := &cobra.Command{
		Use:   "judge BASE TUNED... --prompts FILE",
		Short: "Hold any checkpoint, LoRA or folder of images against any other, without writing HCL",
		Long: "Have models draw images for the prompts of a file, or take those of a folder, and\n" +
			"hold them against BASE: by a reward, the CLIP score if no other is named, by a\n" +
			"rater if there is one, and by their distance from real images if there are some.\n\n" +
			"A model is a directory of diffusers, hf://OWNER/NAME, a single .safetensors file of\n" +
			"a whole model or of a unet, LoRA (a file or a directory; of BASE's weights), a\n" +
			"folder of captioned images or a table of them, or the name of a sampler component.\n" +
			"NAME=MODEL gives it a name. Images of a folder must be of the same prompts, as many\n" +
			"of each as --per-prompt, and of the models' size, or --size brings all to one.\n\n" +
			"All of it is an experiment like any other, cached and listed as a run; --hcl prints\n" +
			"it, to go on from there.\n\n" +
			"Exit codes: 0 judged; 1 a stage failed, or a comparison was refused; 2 a mistake.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			text, err := p.judgement(ctx, flags, args)
			if err != nil {
				return err
			}
			if flags.hcl {
				_, err := p.raw.Write(text)
				return err
			}
			p.files.Put(judgeFile, text)
			s, err := p.loadKnown(ctx, judgeFile)
			if err != nil {
				return err
			}
			defer s.Close()
			words := append([]string{}, args...)
			command.Flags().Visit(func(flag *pflag.Flag) {
				if command.InheritedFlags().Lookup(flag.Name) != nil || flag.Name == "json" || flag.Name == "tables" || flag.Name == "no-tracking" {
					return
				}
				if list, ok := flag.Value.(pflag.SliceValue); ok {
					for _, value := range list.GetSlice() {
						words = append(words, "--"+flag.Name, value)
					}
					return
				}
				words = append(words, "--"+flag.Name, flag.Value.String())
			})
			s.again = p.command("judge", words...)
			return s.judge(ctx)
		},
	}
	flags.add(command.Flags())
	p.addTables(command.Flags())
	command.Flags().BoolVar(&p.noTracking, "no-tracking", false, "send nothing to a tracker, whatever MLFLOW_TRACKING_URI says")
	command.Flags().BoolVar(&p.json, "json", false, "print the verdict as JSON")
	return command
}

// judge runs the experiment and prints the verdict.
func (s *loaded) judge(ctx context.Context) error {
	p := s.program
	if err := s.Check(ctx); err != nil {
		return err
	}
	if err := s.Missing().Err(); err != nil {
		fmt.Fprintf(p.err, "%s --hcl > judge.hcl writes the experiment, and plumb download judge.hcl fetches models of the hub.\n\n", s.again)
		return err
	}
	forecast, err := s.forecast()
	if err != nil {
		return err
	}
	costs := s.Costs(forecast)
	p.writePlan(p.err, s, forecast, costs, true)
	p.warn(s.Warnings)
	tracking := s.startTracking()
	result, err := s.run(ctx, forecast, costs, run.Asked{}, tracking.sink())
	if result == nil {
		tracking.abandon()
		return exit{exitFailed, elsewhere(err)}
	}
	out, asJSON := p.out, p.json
	if asJSON { // the verdict; the run's tables are for people
		p.out, p.json = p.err, false
	}
	ended := s.finish(ctx, result)
	tracking.finish(ctx, result)
	p.out, p.json = out, asJSON
	if result.Stopped || errors.Is(ctx.Err(), context.Canceled) {
		return ended
	}
	verdict := reports.Judge(reports.Input{Run: result.Run, Records: result.Records})
	if p.json {
		err = p.writeJSON(verdict)
	} else {
		fmt.Fprintln(p.out)
		err = reports.PrintReport(p.out, min(p.width(p.out), 120), verdict.Report())
	}
	if err != nil {
		return exit{exitFailed, err}
	}
	if ended == nil && verdict.Refused() > 0 {
		return exit{code: exitFailed}
	}
	return ended
}

// judgement is the experiment that holds models against each other, as HCL.
func (p *program) judgement(ctx context.Context, flags judgeFlags, args []string) ([]byte, error) {
	if flags.prompts == "" {
		return nil, errors.New("say which prompts the models draw: --prompts FILE, a text file with one on each line")
	}
	for _, path := range []string{flags.prompts, flags.real, flags.inception, flags.like} {
		if _, err := os.Stat(path); path != "" && err != nil && !strings.HasPrefix(path, "hf://") {
			return nil, fmt.Errorf("there is no %s", path)
		}
	}
	if flags.perPrompt < 1 {
		return nil, fmt.Errorf("--per-prompt %d: at least one image of each prompt is needed", flags.perPrompt)
	}
	contestants, err := p.contestants(ctx, flags, args)
	if err != nil {
		return nil, err
	}
	return flags.experiment(contestants), nil
}

// within is a path as an experiment in this directory names it.
func within(path string) string { return filepath.ToSlash(path) }
