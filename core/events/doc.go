// Package events is what a run tells while it goes on: a line for every event in a
// file that people and programs follow, RUN/metrics.jsonl (docs/runs.md has its
// format), and such files written and read.
//
// Telling is no part of the work: a Log never makes a run wait and never fails it,
// and what it could not write is missing in the file alone. Records, not events, are
// what reports are made from.
package events
