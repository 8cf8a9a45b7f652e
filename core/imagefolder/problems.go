package imagefolder

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// name is as good as a text of any length: the beginning of its sha256. A
// folder of a hundred thousand images needs some ten megabytes for them.
type name [16]byte

func nameOf(text string) name {
	sum := sha256.Sum256([]byte(text))
	return name(sum[:16])
}

// spot is where an image is spoken of.
type spot struct{ file, line int32 }

// wrong is a mistake of the whole folder.
func (f Folder) wrong(summary, detail string) error {
	return diag.Errorf(diag.Range{File: f.Path}, summary, "%s", detail)
}

// problem notes a mistake of one image. It returns errStop when there are
// enough.
func (r *folder) problem(where diag.Range, summary, detail string) error {
	r.problems.Errorf(where, summary, "%s", detail)
	if len(r.problems) < mostProblems {
		return nil
	}
	r.problems.Errorf(diag.Range{File: r.Path}, "There may be more mistakes in "+r.Path, "Reading stopped after %d.", mostProblems)
	return errStop
}

func lineOf(path string, line int) diag.Range {
	at := diag.Position{Line: line, Column: 1}
	return diag.Range{File: path, Start: at, End: at}
}

func noColumn(where diag.Range, column string, names []string) diag.Diagnostic {
	return diag.Diagnostic{
		Summary: fmt.Sprintf("There is no column %q", column),
		Detail:  fmt.Sprintf("%s.%s", upper(are(names)), diag.DidYouMean(column, names)),
		Subject: where,
	}
}

// are names the columns that there are, at the beginning of a part of a sentence.
func are(names []string) string {
	if len(names) == 0 {
		return "there are no columns"
	}
	return "there are " + strings.Join(names, ", ")
}

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// errStop ends reading: enough mistakes are known.
var errStop = errors.New("stop")
