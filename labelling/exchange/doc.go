// Package exchange takes judgements out of Plumb and in again: as Parquet, CSV and JSON
// Lines without loss, from Label Studio, from a plain list of images and labels, and
// from label.html, a page that a rater fills in without a server.
//
// What comes in is checked as a whole: every problem is a diagnostic with its line, and
// if there is one, nothing comes in. Nothing here decides whose answers count.
package exchange
