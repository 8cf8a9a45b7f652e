package train

import (
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Diverged is returned when the objective or its gradient is no longer a number.
// What the user is told of it is the Diagnostic.
type Diverged struct{ sdk.Diagnostic }

// As makes errors.As find the Diagnostic.
func (d Diverged) As(target any) bool {
	diagnostic, ok := target.(*sdk.Diagnostic)
	if ok {
		*diagnostic = d.Diagnostic
	}
	return ok
}

// diverged tells of a step, counted from 0. before is the objective of the step
// before it in this process, nil if there was none: then what the step was given
// may be the reason.
func (l *Loop) diverged(step int, objective, norm float64, before *float64) error {
	detail := fmt.Sprintf("The loss is %v and the norm of its gradient %v", objective, norm)
	if before != nil {
		detail += fmt.Sprintf("; a step earlier the loss was %.4g", *before)
	}
	detail += fmt.Sprintf(". Lower learning_rate (now %.3g) or gradient_clip_norm, or raise warmup_steps.", l.Optimizer.LearningRate)
	if before == nil && step == 0 {
		detail += " Nothing has been learned before this step, so it may also be the weights or the images that are not numbers."
	}
	if l.Advice != "" {
		detail += " " + l.Advice
	}
	return Diverged{sdk.Diagnostic{
		Severity: sdk.SeverityError,
		Summary:  fmt.Sprintf("Training diverged at step %d of %d", step+1, l.Steps),
		Detail:   detail,
	}}
}
