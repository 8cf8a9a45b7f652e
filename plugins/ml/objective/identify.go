package objective

import (
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Identify tells a job from another one, for train.Loop: by the model's sizes
// and settings, and the request. Where the result is put does not count: that is
// another place when a job that was killed is asked for again.
func Identify(model any, request sdk.TuneRequest) (string, error) {
	request.Output, request.Scratch = "", ""
	request.Until, request.State, request.Resume = 0, "", "" // they are the same job's
	return train.Identify(model, request)
}
