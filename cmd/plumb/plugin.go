package main

import "github.com/spf13/cobra"

func (p *program) pluginCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "plugin",
		Short: "Lock the plugins of experiments",
	}
	command.AddCommand(p.pluginLockCommand())
	return command
}
