// Package live serves a page that shows a run while it goes on: how far it is, the
// curves of its trainings, and images of the stages that draw. It follows the run's
// metrics.jsonl, its record and its tables, so that the run may be one of another
// process, may not have begun, and may have ended or been killed.
//
// The page is for one person on this machine: it is answered under an address that
// nobody guesses, it changes nothing, and what it shows of a run is never part of a
// report. What is on it is taken for untrusted text.
package live
