// Package ablation reads an ablation: a table of values for an experiment's
// variables. Load reads the table and holds it against the variables that the
// experiment declares; Expand makes a variant of each row and seed, each a
// fully evaluated Spec.
//
// Expansion is pure and sorted: the same file gives the same variants in the
// same order, before anything runs.
//
// An ablation varies variables and nothing else. The package refuses to patch
// an experiment at a path inside it: what is worth varying deserves a name in
// the experiment.
package ablation
