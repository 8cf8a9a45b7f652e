package stage

import (
	"context"
	"sync"

	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// hearBusy returns a context whose plugins' words on what keeps them from getting on
// become part of the job's reports: each repeats how far the stage was.
func (job *Job) hearBusy(ctx context.Context) context.Context {
	var lock sync.Mutex
	var last Progress
	report := job.Report
	job.Report = func(p Progress) {
		lock.Lock()
		defer lock.Unlock()
		last = p
		report(p)
	}
	return client.WithBusy(ctx, func(text string) {
		lock.Lock()
		defer lock.Unlock()
		if last.Busy == text {
			return
		}
		last.Busy, last.Values = text, nil // values are of a step that was reported
		report(last)
	})
}
