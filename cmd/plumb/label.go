package main

import (
	"github.com/spf13/cobra"
)

func (p *program) labelCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "label",
		Short: "Look at the labels that people gave",
	}
	command.AddCommand(p.labelStatusCommand())
	return command
}
