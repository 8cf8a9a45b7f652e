package main

import "github.com/spf13/cobra"

func (p *program) pluginCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "plugin",
		Short: "Write, check and try plugins of one's own",
		Long: "Write, check and try plugins of one's own: samplers, rewards, raters and\n" +
			"encoders in Go, Python or anything that speaks gRPC. See docs/plugins.md.\n\n" +
			"Begin with:  plumb plugin new reward redness --lang python",
	}
	command.AddCommand(p.pluginNewCommand(), p.pluginCheckCommand(), p.pluginTryCommand())
	return command
}
