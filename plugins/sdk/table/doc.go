// Package table reads and writes the Parquet tables that stages exchange: images,
// labels, scores, features. A component that is fitted or tuned is given such
// tables by their paths. docs/tables.md specifies the columns.
//
// Every table opens as it is in pandas, DuckDB and Hugging Face datasets.
// Images are lossless PNG in the {bytes, path} struct that datasets reads as
// Image. The same rows give the same bytes, however they are handed to Write,
// so that a table has one digest.
//
// Writing and reading are streams: neither holds more than a row group, some
// 32 MiB, in memory.
//
// Foreign reads tables that somebody else made, column by column.
//
// The package refuses to know what a stage does with a table, to guess at
// missing columns, and to let a damaged file through as fewer rows or as a
// panic: every such file is an error that names it.
package table
