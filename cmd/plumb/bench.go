package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/plugins/bench"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

func (p *program) benchCommand() *cobra.Command {
	var size, file, programs, target string
	options := bench.Options{Say: func(line string) { fmt.Fprintln(p.out, line) }}
	command := &cobra.Command{
		Use:   "bench [sd15 | tiny]",
		Short: "Measure how fast Stable Diffusion draws and is tuned here, on random weights",
		Long: "Measure how fast Stable Diffusion draws and is tuned here, on random weights of the\n" +
			"published shapes: nothing is downloaded. It runs what a sampler and a finetune block\n" +
			"run, each case in a process of its own: matrix products, to hold the rest against,\n" +
			"sampling, decoding, LoRA on one image, and all weights of the unet with a batch that\n" +
			"is doubled until the device's memory ends.\n\n" +
			"sd15 is Stable Diffusion v1.5 at 512 x 512 pixels and wants an accelerator; on a\n" +
			"processor it measures one call of the network at 256 x 256, unless --only asks for\n" +
			"more. tiny is the same benchmark in a minute.\n\n" +
			"With --programs nothing is measured: the programs that XLA would compile for the\n" +
			"backend that --for names are written down as StableHLO. No card is needed for that;\n" +
			"plugins/bench/aot has what compiles them for one.\n\n" +
			"  plumb bench sd15 --backend xla:cuda\n" +
			"  plumb bench tiny --backend go\n" +
			"  plumb bench sd15 --programs DIR --for xla:cuda",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			options.Size = bench.SD15
			if len(args) > 0 {
				options.Size = args[0]
			}
			if size != "" {
				options.Size = size
			}
			if programs != "" || target != "" {
				return p.lower(command.Context(), options, target, programs, file)
			}
			options.Backend = p.backend
			options.Measure = p.measure
			if notice := simdNotice(); notice != "" {
				fmt.Fprintln(p.out, notice)
			}
			result, err := bench.Run(command.Context(), options)
			if result == nil {
				return err
			}
			if file != "" { // also what was measured before an error
				text, encoding := json.MarshalIndent(result, "", "  ")
				if encoding == nil {
					encoding = os.WriteFile(file, append(text, '\n'), 0o644)
				}
				err = errors.Join(err, encoding)
			}
			if command.Context().Err() != nil {
				return context.Canceled
			}
			if err != nil {
				return exit{exitFailed, err}
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&size, "size", "", "sd15 or tiny; as the argument")
	flags.StringVar(&file, "json", "", "file to write the numbers to")
	flags.StringSliceVar(&options.Only, "only", nil, "cases to measure: "+strings.Join(bench.Kinds(), ", ")+" (matmul always is)")
	flags.StringVar(&options.Precision, "precision", "", strings.Join(bench.Precisions(), " or ")+" (default bfloat16 on an accelerator, else float32)")
	flags.IntVar(&options.Pixels, "pixels", 0, "height and width of images (default 512, or 64 of tiny)")
	flags.IntSliceVar(&options.Batches, "batch", nil, "batches of sampling (default 1,8)")
	flags.IntVar(&options.First, "first", 0, "batch of full that the doubling begins with (default 4, or 1 of tiny)")
	flags.IntVar(&options.Largest, "largest", 0, "batch at which the doubling ends at the latest (default 512, or 4 of tiny)")
	flags.IntVar(&options.Rank, "rank", 16, "rank of LoRA")
	flags.BoolVar(&options.Recompute, "checkpointing", false, "train with gradient checkpointing")
	flags.DurationVar(&options.Budget, "time", 0, "how long each case is repeated, at least five times (default 5s, or 1s of tiny)")
	flags.IntVar(&options.Least, "repeat", 0, "how often each case is repeated at least (default 5)")
	flags.StringVar(&programs, "programs", "", "directory to write programs to, in place of measuring")
	flags.StringVar(&target, "for", "", "backend that the programs are for: xla:cuda, which need not be here, or xla:cpu (default xla:cuda)")
	return command
}

// lower writes programs down in place of measuring.
func (p *program) lower(ctx context.Context, options bench.Options, target, directory, file string) error {
	switch {
	case directory == "":
		return errors.New("--for says whose programs to write down, and --programs where: --programs DIR --for " + target)
	case p.backend != "":
		return fmt.Errorf("--programs computes on no backend, so there is none to choose: --for %s, in place of --backend", p.backend)
	case file != "":
		return errors.New("--programs measures nothing that could be written to --json")
	}
	programs, err := bench.Lower(ctx, options, cmp.Or(target, "xla:cuda"), directory)
	if err != nil {
		return exit{exitFailed, err}
	}
	fmt.Fprintf(p.out, "%d programs are in %s\n", len(programs), directory)
	return nil
}

// benchVerb is the hidden verb with which Plumb starts itself to measure one
// case: so each finds all memory free, and one that is killed for want of it does
// not take the others along.
const benchVerb = "plugin-bench"

func (p *program) pluginBenchCommand() *cobra.Command {
	return &cobra.Command{
		Use:    benchVerb + " CASE",
		Short:  "Measure one case of a benchmark and print it as JSON",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			var c bench.Case
			if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
				return err
			}
			var answer benchAnswer
			var err error
			if answer.Measured, err = bench.Measure(command.Context(), c); err != nil {
				answer.Error = err.Error()
			}
			text, err := json.Marshal(answer)
			if err != nil {
				return err
			}
			// On a line of its own: libraries may have printed something.
			_, err = fmt.Fprintf(p.out, "\n%s%s\n", benchMark, text)
			return err
		},
	}
}

// benchMark begins the line with the answer.
const benchMark = "measured: "

// benchAnswer is what the process of a case says.
type benchAnswer struct {
	Measured *bench.Measured `json:"measured"`
	Error    string          `json:"error"`
}

// measure measures a case in a process of its own.
func (p *program) measure(ctx context.Context, c bench.Case) (*bench.Measured, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	child := exec.CommandContext(ctx, self, benchVerb, string(text))
	var out, errOut bytes.Buffer
	child.Stdout, child.Stderr = &out, &errOut
	if p.logs != nil {
		child.Stderr = io.MultiWriter(&errOut, p.logs)
	}
	err = child.Run()
	return benchResult(ctx, out.String(), errOut.String(), err)
}

// goExhausted is how a Go program ends that the system gives no more memory.
var goExhausted = regexp.MustCompile(`(?m)^(fatal error|runtime): (runtime: )?(out of memory|cannot allocate memory)`)

// benchResult reads what the process of a case printed, and how it ended.
func benchResult(ctx context.Context, out, errOut string, ended error) (*bench.Measured, error) {
	for line := range strings.Lines(out) {
		text, ok := strings.CutPrefix(line, benchMark)
		if !ok {
			continue
		}
		var answer benchAnswer
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			return nil, fmt.Errorf("read what was measured: %w", err)
		}
		if answer.Error != "" {
			return nil, errors.New(answer.Error)
		}
		return answer.Measured, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var exited *exec.ExitError
	if errors.As(ended, &exited) && (goExhausted.MatchString(errOut) || strings.Contains(exited.String(), "killed")) {
		return nil, bench.Killed{Status: exited.String()}
	}
	for line := range strings.Lines(errOut) { // among pages about buffers
		said := errors.New(strings.TrimSpace(line))
		if _, is := sdk.OutOfMemory(said); is {
			return nil, said
		}
	}
	return nil, fmt.Errorf("its process ended without a result (%v). Its last lines were:\n%s", ended, lastLines(errOut, 8))
}

// lastLines are the last lines of a text.
func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
