// Package labels reads the files that people write their judgements into, CSV
// or Parquet, and writes sheets to begin with: of one table's images, or of
// several models' images that are judged blindly. Judgements are labels of single
// images, or choices between two.
//
// A rater is a name, in files and in tables alike.
//
// It refuses to drop a row in silence, and to take a row for another than it
// says: all mistakes are diagnostics with their lines.
package labels
