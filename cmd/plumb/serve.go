package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// The hidden verbs with which Plumb starts itself again: built-in components
// work in a process of their own, as those of other plugins do.
const (
	serveVerb   = "plugin-serve"
	doctorVerb  = "plugin-doctor"
	backendVerb = "plugin-backend"
)

func (p *program) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:    serveVerb,
		Short:  "Serve the built-in components to the plumb that started this process",
		Hidden: true,
		Args:   cobra.NoArgs,
		Run:    func(*cobra.Command, []string) { sdk.Serve(p.plugin) },
	}
}

func (p *program) pluginDoctorCommand() *cobra.Command {
	quick := false
	command := &cobra.Command{
		Use:    doctorVerb + " BACKEND",
		Short:  "Look at a compute backend of this machine and print what it is, as JSON",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			health, err := p.doctor(args[0], quick)
			if err != nil {
				return exit{exitFailed, err}
			}
			return json.NewEncoder(os.Stdout).Encode(health)
		},
	}
	command.Flags().BoolVar(&quick, "quick", false, "take less time")
	return command
}

func (p *program) pluginBackendCommand() *cobra.Command {
	return &cobra.Command{
		Use:    backendVerb + " NAME",
		Short:  "Open a compute backend and print which it is, as JSON",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			answer := p.open(args[0])
			if err := json.NewEncoder(p.out).Encode(answer); err != nil {
				return err
			}
			if answer.Error != "" {
				return exit{code: exitFailed}
			}
			return nil
		},
	}
}
