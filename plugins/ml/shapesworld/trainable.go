package shapesworld

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// The weights that Tune changes.
const (
	TrainableAll          = "all"
	TrainableConditioning = "conditioning"
)

// TuneSchema describes the settings of a finetune block.
var TuneSchema = sdk.Schema{Attributes: []sdk.Attribute{{
	Name: "trainable", Type: sdk.TypeString, Default: json.RawMessage(`"all"`), OneOf: []string{TrainableAll, TrainableConditioning},
	Summary: "Weights that are tuned: all, or those alone by which prompt and timestep steer the network. The latter unlearns less of what the images do not show.",
}}}

type tuneOptions struct {
	Trainable   string `json:"trainable"`
	fromScratch bool
}

func readTuneOptions(request sdk.TuneRequest) (tuneOptions, error) {
	options := tuneOptions{Trainable: TrainableAll, fromScratch: request.FromScratch}
	if len(request.Options) > 0 {
		if err := json.Unmarshal(request.Options, &options); err != nil {
			return options, fmt.Errorf("read the settings of the tuning: %w", err)
		}
	}
	if options.fromScratch && options.Trainable != TrainableAll {
		return options, fmt.Errorf("trainable = %q makes no sense from scratch: all weights are random then. Leave it out", options.Trainable)
	}
	return options, nil
}

// trains reports whether a weight of the denoiser is tuned.
//
// Fine-tuning keeps what a prompt's words are read as and changes how the image
// network answers to them, as it does where the text encoder is another model
// (Lee et al. 2023 tune Stable Diffusion's U-Net alone).
//
// What answers to the prompt is the way of the condition into the network: the
// adaptive layer norms, what global blocks are asked, and what both are fed
// with, the counterpart of the
// cross-attention that Kumari et al. 2023 (Custom Diffusion) tune
// alone for the same reason.
func (o tuneOptions) trains(path string) bool {
	name := strings.TrimPrefix(path, "/")
	switch {
	case o.fromScratch:
		return true
	case strings.HasPrefix(name, "words.") || strings.HasPrefix(name, "text."):
		return false
	case o.Trainable == TrainableConditioning:
		return strings.HasPrefix(name, "time.") || strings.HasPrefix(name, "condition.") ||
			strings.Contains(name, ".scale.") || strings.Contains(name, ".shift.") || strings.Contains(name, ".asked.")
	}
	return true
}
