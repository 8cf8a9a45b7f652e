package textfile

import (
	"bytes"

	"github.com/plumb-ml/plumb/plugins/sdk/gitlfs"
)

// Mark is the byte order mark that some programs put before UTF-8.
const Mark = "\xef\xbb\xbf"

// strangers are files of other kinds that people take for text, by how they begin.
var strangers = []struct{ magic, what, do string }{
	{"\xff\xfe\x00\x00", "text in UTF-32", "Save it as UTF-8."},
	{"\x00\x00\xfe\xff", "text in UTF-32", "Save it as UTF-8."},
	{"\xff\xfe", "text in UTF-16, which some programs call Unicode", "Save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")."},
	{"\xfe\xff", "text in UTF-16, which some programs call Unicode", "Save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")."},
	{"PK\x03\x04", "a spreadsheet's own file (.xlsx, .ods) or another ZIP archive", "Save it from the spreadsheet as CSV in UTF-8."},
	{"\xd0\xcf\x11\xe0", "a spreadsheet's own file (.xls)", "Save it from the spreadsheet as CSV in UTF-8."},
	{"PAR1", "a Parquet table", "Give its name the extension .parquet."},
	{"\x1f\x8b", "compressed by gzip", "Unpack it."},
	{"\x28\xb5\x2f\xfd", "compressed by Zstandard", "Unpack it."},
	{"BZh", "compressed by bzip2", "Unpack it."},
	{"\xfd7zXZ\x00", "compressed by xz", "Unpack it."},
	{"SQLite format 3\x00", "a database of SQLite", "Export its table as CSV."},
	{"ARROW1", "a table of Arrow (Feather)", "Write it as Parquet."},
	{"%PDF", "a PDF", "Save what it was made from as CSV."},
	{"{\\rtf", "a document (RTF)", "Save it as plain text in UTF-8."},
}

// Stranger says what a file is that begins so and is no text in UTF-8, and what to
// do; nil if it may be such text.
func Stranger(head []byte) *Mistake {
	if gitlfs.IsPointer(head) {
		return final(0, "The file is not here", "In its place is a pointer: %v.", gitlfs.Error{})
	}
	for _, s := range strangers {
		if bytes.HasPrefix(head, []byte(s.magic)) {
			return final(0, "The file is "+s.what, "%s", s.do)
		}
	}
	sample := head[:min(len(head), 4096)]
	if zeros := bytes.Count(sample, []byte{0}); zeros > 0 && 3*zeros >= len(sample) && len(sample) > 1 {
		return final(0, "The file is text in UTF-16, which some programs call Unicode", "Save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\").")
	} else if zeros > 0 {
		return final(0, "The file is no text", "It has bytes that no text has. Save it as text in UTF-8.")
	}
	return nil
}

// structured says of a file that begins so which other form of text it is, where
// fields between separators are wanted; nil if it may be such fields.
func structured(head []byte) *Mistake {
	text := bytes.TrimSpace(bytes.TrimPrefix(head, []byte(Mark)))
	switch {
	case bytes.HasPrefix(text, []byte("{")), bytes.HasPrefix(text, []byte("[")):
		if bytes.HasPrefix(text, []byte("{")) && jsonLines(text) {
			return final(0, "The file is JSON lines", "Write it as CSV; in pandas: read_json(path, lines=True).to_csv(path, index=False).")
		}
		return final(0, "The file is JSON", "Write it as CSV; in pandas: json_normalize of what it holds, and .to_csv(path, index=False).")
	case bytes.HasPrefix(text, []byte("<")):
		return final(0, "The file is HTML or XML", "Save its table as CSV in UTF-8.")
	}
	return nil
}

// jsonLines reports whether the first line is an object and the next begins one.
func jsonLines(text []byte) bool {
	line, rest, more := bytes.Cut(text, []byte("\n"))
	line, rest = bytes.TrimSpace(line), bytes.TrimSpace(rest)
	return bytes.HasSuffix(line, []byte("}")) && (!more || len(rest) == 0 || rest[0] == '{')
}
