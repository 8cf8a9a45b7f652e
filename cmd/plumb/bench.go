package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/plugins/ml/bench"
)

func (p *program) benchCommand() *cobra.Command {
	var size, file string
	var budget time.Duration
	command := &cobra.Command{
		Use:   "bench [sd15 | tiny]",
		Short: "Measure how fast Stable Diffusion draws and trains here, on random weights",
		Long: "Measure how fast Stable Diffusion draws and trains here, on random weights of the\n" +
			"published shapes: nothing is downloaded. sd15 is Stable Diffusion v1.5 at 512 x 512\n" +
			"pixels and wants an accelerator; on a processor it measures one call of the network\n" +
			"at 256 x 256 (about 8 GiB of memory). tiny is the same benchmark in seconds.\n\n" +
			"  plumb bench sd15 --backend xla:cuda\n" +
			"  plumb bench tiny --backend go",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			name := bench.SD15
			if len(args) > 0 {
				name = args[0]
			}
			if size != "" {
				name = size
			}
			if notice := simdNotice(); notice != "" {
				fmt.Fprintln(p.out, notice)
			}
			result, err := bench.Run(command.Context(), bench.Options{
				Size: name, Backend: p.backend, Budget: budget,
				Say: func(line string) { fmt.Fprintln(p.out, line) },
			})
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
			if err != nil {
				return exit{exitFailed, err}
			}
			return nil
		},
	}
	command.Flags().StringVar(&size, "size", "", "sd15 or tiny; as the argument")
	command.Flags().StringVar(&file, "json", "", "file to write the numbers to")
	command.Flags().DurationVar(&budget, "time", 5*time.Second, "how long each thing is repeated")
	return command
}
