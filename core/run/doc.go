// Package run makes records out of a plan.
//
// For each stage, in the plan's order, it works out the key, looks it up in
// the store, and executes the stage only if there is no record. A stage that fails,
// or waits for people, blocks the stages that depend on it, and no others. When the
// context ends, running stages stop; finished ones stay, and the same command
// continues from there. Records and tables are the same whatever was killed in
// between.
//
// An Executor does the stages: Local, or one that hands them to other machines.
// Stages on an accelerator take turns; others run beside them, a few at once.
//
// The package knows no terminal: what happens goes to a Sink.
package run
