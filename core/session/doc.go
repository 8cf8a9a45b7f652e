// Package session loads an experiment or ablation with all that running it
// needs: its plan, the plugins that it names, what computes, and the store.
//
// A command, a server, a cluster's worker and any Go program begin here:
//
//	s, err := session.Load(ctx, "experiment.hcl", session.Options{...})
//	defer s.Close()
//	result, err := s.Run(ctx, session.RunOptions{})
//
// The package reads no flags and no environment, prints nothing, and ends no
// process: who calls it says where things are and what comes with the program.
// Mistakes of users are a diag.List.
package session
