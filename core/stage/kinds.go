package stage

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/core/plan"
)

// kinds is what does which work. A new kind of stage is a file here, one of the
// same name in package plan, and a row.
var kinds = []doer{
	does(sample),
	does(importImages),
	does(match),
	does(rate),
	does(compare),
	does(prefer),
	does(fit),
	does(listTexts),
	does(score),
	does(blend),
	does(choose),
	does(perturb),
	does(precompute),
	does(tune),
	does(watch),
	does(keep),
	does(encode),
	does(encodeTexts),
	does(measure),
}

// doer does jobs whose work is of one type.
type doer struct {
	takes func(plan.Work) bool
	do    func(context.Context, Job) (*Result, error)
}

func does[Work plan.Work](run func(context.Context, Job, Work) (*Result, error)) doer {
	return doer{
		takes: func(work plan.Work) bool {
			_, mine := work.(Work)
			return mine
		},
		do: func(ctx context.Context, job Job) (*Result, error) { return run(ctx, job, job.Node.Work.(Work)) },
	}
}

// work does a job by the type of its work.
func work(ctx context.Context, job Job) (*Result, error) {
	for _, kind := range kinds {
		if kind.takes(job.Node.Work) {
			return kind.do(ctx, job)
		}
	}
	return nil, fmt.Errorf("a stage of kind %q is not known", job.Node.Kind)
}
