// Package run makes records out of a plan.
//
// For each stage, in the plan's order, it works out the key, looks it up in
// the store, and only if there is no record has the stage done. A stage that
// fails, or waits for people, keeps those from running that depend on it, and no
// others. When the context ends, stages under way stop; what is finished stays, and the same command
// goes on from there. Records and tables are the same whatever was killed in
// between.
//
// An Executor does the stages: Local, or one that hands them to other machines.
// Stages on an accelerator take turns; others run beside them, a few at once.
//
// The package knows no terminal: what happens goes to a Sink.
package run
