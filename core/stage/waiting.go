package stage

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/plumb-ml/plumb/core/diag"
)

// Waiting is the error of a stage that people have to do something for first. It
// is no failure: nothing is wrong, and what they do outlives the run. The list says
// what is to be done; as there is no mistake in it, its findings are warnings.
type Waiting struct{ diag.List }

// Unwrap gives errors.As the list.
func (w Waiting) Unwrap() error { return w.List }

// waiting is the error of a stage that waits for people.
func (job Job) waiting(summary, detail string) error {
	var list diag.List
	list.Warningf(job.Node.Range, summary, "%s", detail)
	return Waiting{list}
}

// waitForFile is the error of a stage whose file people have not made yet; nil if
// it is there. what is what the file will hold, sheet the stage whose images are
// exported for it, and how says what to do with them.
func (job Job) waitForFile(path, what, sheet, how string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return job.waiting(fmt.Sprintf("There are no %s yet in %s", what, path), fmt.Sprintf(
		"The images are drawn: `plumb export %s %s DIRECTORY --label-sheet` writes them %s, and run again.",
		job.file(), sheet, how))
}

// file names the experiment's file, for a command to type.
func (job Job) file() string { return filepath.Base(cmp.Or(job.Node.Range.File, "FILE")) }

// warningsOf is what a file of people's answers warns of, for a record.
func warningsOf(path string, problems diag.List) []string {
	var texts []string
	for _, problem := range problems {
		texts = append(texts, fmt.Sprintf("%s: %s. %s", filepath.Base(path), problem.Summary, problem.Detail))
	}
	return texts
}
