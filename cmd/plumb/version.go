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
			fmt.Fprint(p.out, versionText())
			return nil
		},
	}
}

// versionText is the versions of Plumb and of what it is built with, a line each.
func versionText() string {
	simd := "without SIMD"
	if session.BuiltWithSIMD {
		simd = "with SIMD"
	}
	text := fmt.Sprintf("plumb %s\n%s %s/%s, %s\n", session.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, simd)
	known := session.Libraries()
	for _, name := range []string{"gomlx", "compute", "go-xla"} {
		if known[name] != "" {
			text += fmt.Sprintf("%s %s\n", name, known[name])
		}
	}
	return text
}
