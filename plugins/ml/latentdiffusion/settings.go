package latentdiffusion

import (
	"encoding/json"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/ml/lora"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// The precisions that a network can be trained in.
const (
	Float32  = "float32"
	BFloat16 = "bfloat16"
)

// Settings are the settings of a fine-tuning of this family beside its losses and
// its optimizer. The zero Settings train all weights of the denoising
// network on whole batches in float32.
type Settings struct {
	// MicroBatchSize is the number of images that the network sees at once; 0
	// means all of a step.
	MicroBatchSize int `json:"micro_batch_size"`
	// PromptDropout is the share of images whose caption is left out, so that
	// the model can be guided (guidance.DropCaption).
	PromptDropout float64 `json:"prompt_dropout"`
	// MinSNRGamma caps the factors of timesteps (objective.MinSNR); 0: no cap.
	MinSNRGamma float64 `json:"min_snr_gamma"`
	// Precision of the network's computation, Float32 or BFloat16; trained weights,
	// their optimizer's state and the loss stay float32. "" is Float32.
	Precision string `json:"precision"`
	// GradientCheckpointing recomputes the insides of blocks in the backward pass, to
	// save memory.
	GradientCheckpointing bool `json:"gradient_checkpointing"`
	// LoRA are adapters that are trained in place of the weights; nil: none.
	LoRA *lora.Config `json:"lora"`
}

// SettingsSchema describes Settings.
func SettingsSchema() sdk.Schema {
	return sdk.Schema{Attributes: []sdk.Attribute{
		{Name: "micro_batch_size", Type: sdk.TypeInteger, Minimum: sdk.Bound(1), Maximum: sdk.Bound(1e6), Summary: "Images that pass through the network at once, over all losses; gradients are accumulated, and the batch stays batch_size images a loss. All at once if absent."},
		{Name: "prompt_dropout", Type: sdk.TypeNumber, Default: json.RawMessage(`0.1`), Minimum: sdk.Bound(0), Maximum: sdk.Bound(1), Summary: "Share of images whose caption is left out, for classifier-free guidance (Ho and Salimans 2022); Stable Diffusion v1.5 was trained with 0.1."},
		{Name: "min_snr_gamma", Type: sdk.TypeNumber, Minimum: sdk.Bound(0), Summary: "Cap on the signal-to-noise ratio by which timesteps are weighed, 5 in the paper (Hang et al. 2023); not weighed if absent or 0."},
		{Name: "precision", Type: sdk.TypeString, Default: json.RawMessage(`"float32"`), OneOf: []string{Float32, BFloat16}, Summary: "What the network is computed in; trained weights, the optimizer's state and the loss stay float32."},
		{Name: "gradient_checkpointing", Type: sdk.TypeBool, Default: json.RawMessage(`false`), Summary: "Compute the insides of the unet's blocks twice: less memory, about a third more work."},
	}, Blocks: []sdk.Block{
		{Type: "lora", Summary: "Low-rank adapters that are trained in place of the weights (Hu et al. 2022).", Body: sdk.Schema{Attributes: []sdk.Attribute{
			{Name: "rank", Type: sdk.TypeInteger, Default: json.RawMessage(`16`), Minimum: sdk.Bound(1), Maximum: sdk.Bound(4096), Summary: "Width of an adapter."},
			{Name: "alpha", Type: sdk.TypeNumber, Minimum: sdk.Bound(0), Summary: "An adapter's output is multiplied by alpha / rank; rank if absent."},
			{Name: "targets", Type: sdk.TypeStringList, Default: json.RawMessage(`["to_q","to_k","to_v","to_out.0"]`), Summary: "Layers of the unet that get an adapter, by the ends of their names; the attention's projections if absent."},
		}}},
	}}
}

// ReadSettings reads what SettingsSchema describes.
func ReadSettings(text json.RawMessage) (Settings, error) {
	var s Settings
	if len(text) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("read settings of the fine-tuning: %w", err)
	}
	return s, nil
}

// advice says how to change the settings if the training diverged.
func (s Settings) advice() string {
	if s.Precision == BFloat16 {
		return `Or write precision = "float32": bfloat16 holds 8 bits of a number.`
	}
	return ""
}
