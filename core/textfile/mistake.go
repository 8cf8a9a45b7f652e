package textfile

import (
	"fmt"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// Mistake is what is wrong with a file's form.
type Mistake struct {
	Summary, Detail string
	Line, Column    int // from 1; 0: of the whole file
	// Final says that nothing more can be read.
	Final bool
}

func (m Mistake) Error() string { return m.Summary + ": " + m.Detail }

// Range is where the mistake is.
func (m Mistake) Range(path string) diag.Range {
	if m.Line == 0 {
		return diag.Range{File: path}
	}
	at := diag.Position{Line: m.Line, Column: max(1, m.Column)}
	return diag.Range{File: path, Start: at, End: at}
}

func final(line int, summary, detail string, arguments ...any) *Mistake {
	return &Mistake{Summary: summary, Detail: fmt.Sprintf(detail, arguments...), Line: line, Final: true}
}

// NotUTF8 is a line with letters of another encoding.
func NotUTF8(line int) *Mistake {
	return &Mistake{Summary: "The line is not UTF-8", Detail: "Its letters are of another encoding, such as Windows-1252. Save the file as UTF-8 (in a spreadsheet: \"CSV UTF-8\").", Line: line}
}

// Twice is a column that a file has more than once.
func Twice(line int, column string, names []string) *Mistake {
	return final(line, fmt.Sprintf("The column %q is there twice", column), "Which of them counts is not said. Remove or rename one. The columns are %s.", strings.Join(names, ", "))
}
