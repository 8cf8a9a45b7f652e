package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print versions of Plumb and of what it is built with",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			simd := "without SIMD"
			if builtWithSIMD {
				simd = "with SIMD"
			}
			fmt.Fprintf(p.out, "plumb %s\n%s %s/%s, %s\n", plumbVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, simd)
			known := libraries()
			for _, name := range []string{"gomlx", "compute", "go-xla", "go-huggingface"} {
				if known[name] != "" {
					fmt.Fprintf(p.out, "%s %s\n", name, known[name])
				}
			}
			return nil
		},
	}
}
