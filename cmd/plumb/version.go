package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/session"
)

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print versions of Plumb and of what it is built with",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			simd := "without SIMD"
			if session.BuiltWithSIMD {
				simd = "with SIMD"
			}
			fmt.Fprintf(p.out, "plumb %s\n%s %s/%s, %s\n", session.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, simd)
			known := session.Libraries()
			for _, name := range []string{"gomlx", "compute", "go-xla"} {
				if known[name] != "" {
					fmt.Fprintf(p.out, "%s %s\n", name, known[name])
				}
			}
			return nil
		},
	}
}
