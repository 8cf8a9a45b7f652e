package stage

import "github.com/plumb-ml/plumb/core/diag"

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
