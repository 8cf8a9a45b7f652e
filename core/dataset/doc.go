// Package dataset has the rows of the tables that the engine alone writes and
// that reports read: training curves, and metrics by prompt. They are read and
// written by plugins/sdk/table, which has the rows of the tables that components
// are given, too. docs/tables.md specifies the columns of all.
//
// It refuses to know how a row is worked out.
package dataset
