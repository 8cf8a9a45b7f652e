// Package textfile reads files of text that people, spreadsheets and programs
// write: it tells a file that is no such text, and reads fields between separators
// in the dialects of CSV that there are.
//
// It refuses to know what the columns mean, and to guess at an encoding: text is
// UTF-8, with or without a byte order mark.
package textfile
