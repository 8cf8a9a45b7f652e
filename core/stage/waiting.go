package stage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
)

// Waiting is the error of a stage that people have to do something for first. It
// is no failure: nothing is wrong, and what they do outlives the run. The list says
// what is to be done; as there is no mistake in it, its findings are warnings.
type Waiting struct {
	diag.List
	// Sheet is what plumb export writes a sheet from, a stage or an evaluate block, and
	// Target a directory for it, where a file is to be filled in.
	Sheet, Target string
	// People says that plumb label asks them, and that there is no file.
	People bool
}

// Unwrap gives errors.As the list.
func (w Waiting) Unwrap() error { return w.List }

// waiting is the error of a stage that waits for people to fill in the file at path.
// sheet is what its images are exported from.
func (job Job) waiting(path, sheet, summary, detail string) error {
	var list diag.List
	list.Warningf(job.Node.Range, summary, "%s", detail)
	return Waiting{List: list, Sheet: sheet, Target: targetOf(path)}
}

// targetOf is where to export the sheet for a file of answers: so that the file is
// where it is looked for once it is filled in, if it is called as sheets are and has
// a directory that is still to be made.
func targetOf(path string) string {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); filepath.Base(path) == labels.Sheet && errors.Is(err, fs.ErrNotExist) {
		return dir
	}
	return strings.TrimSuffix(path, filepath.Ext(path)) + "-sheet"
}

// waitForFile is the error of a stage whose file people have not made yet; nil if
// it is there. what is what the file will hold, sheet the stage whose images are
// exported for it, and how says what to do with them.
func (job Job) waitForFile(path, what, sheet, how string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return job.waiting(path, sheet, fmt.Sprintf("There are no %s yet in %s", what, path),
		"The images are drawn. "+how+". Then run again. This writes them, with a "+labels.Sheet+" that has a row for each:")
}

// waitForAnswers is the error of a stage whose file people have not filled in yet;
// nil if there is something else to say of it.
func (job Job) waitForAnswers(path, sheet string, problems diag.List) error {
	if !labels.Unfilled(problems) {
		return nil
	}
	return job.waiting(path, sheet, problems[0].Summary+" yet: "+path, problems[0].Detail+" If the images are still to be written out, this does it:")
}

// warningsOf is what a file of people's answers warns of, for a record.
func warningsOf(path string, problems diag.List) []string {
	var texts []string
	for _, problem := range problems {
		texts = append(texts, fmt.Sprintf("%s: %s. %s", filepath.Base(path), problem.Summary, problem.Detail))
	}
	return texts
}
