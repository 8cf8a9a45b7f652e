package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/session"
)

func (p *program) versionCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "version",
		Short: "Print versions of Plumb and of what it is built with",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if p.json {
				return p.writeJSON(built())
			}
			fmt.Fprint(p.out, versionText())
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// build is what this program is built of.
type build struct {
	Plumb     string            `json:"plumb"`
	Go        string            `json:"go"`
	OS        string            `json:"os"`
	Arch      string            `json:"arch"`
	SIMD      bool              `json:"simd"`
	Libraries map[string]string `json:"libraries"`
}

func built() build {
	return build{session.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, session.BuiltWithSIMD, session.Libraries()}
}

// versionText is the versions of Plumb and of what it is built with, a line each.
func versionText() string {
	b := built()
	simd := "without SIMD"
	if b.SIMD {
		simd = "with SIMD"
	}
	text := fmt.Sprintf("plumb %s\n%s %s/%s, %s\n", b.Plumb, b.Go, b.OS, b.Arch, simd)
	for _, name := range []string{"gomlx", "compute", "go-xla"} {
		if b.Libraries[name] != "" {
			text += fmt.Sprintf("%s %s\n", name, b.Libraries[name])
		}
	}
	return text
}
