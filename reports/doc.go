// Package reports turns records into what people read: comparison tables (on a
// terminal, in Markdown, LaTeX and CSV), one JSON file with every number, plots, image
// grids, and a page for the browser that has all of it (package page).
//
// It reads records and the tables they name, and runs nothing: a report can be
// made again at any time, and editing this package re-runs no stage. It invents
// no number: what a run did not measure is shown as missing, never as zero, and a
// difference counts only if a test says so that is corrected over all that its
// table compares. A table says how its own intervals and tests were made. Every table has one builder in a file of its own, which knows
// nothing of the form it is rendered in; every form has one renderer, which
// knows nothing of what the table says.
package reports
