package main

import "github.com/spf13/cobra"

func (p *program) pluginCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "plugin",
		Short: "Write, check, try and lock plugins",
		Long: "Write, check, try and lock plugins of one's own: samplers, rewards, raters and\n" +
			"encoders in Go, Python or anything that speaks gRPC. See docs/plugins.md.\n\n" +
			"Begin with:  plumb plugin new reward redness --lang python",
	}
	command.AddCommand(p.pluginNewCommand(), p.pluginCheckCommand(), p.pluginTryCommand(), p.pluginLockCommand())
	return command
}
