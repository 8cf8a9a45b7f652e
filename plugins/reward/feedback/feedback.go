// Package feedback is the reward "feedback": a perceptron on the embeddings of an
// image and a prompt, a regression of people's labels (Lee et al. 2023, section
// 3.2). It answers with the probability that a rater calls the image good.
//
// It knows no encoder, only the vectors that one made. It refuses to score
// anything before it has been fitted.
package feedback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gomlx/compute"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/models/mlp"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block.
type config struct {
	mlp.Config
	train.Settings
	Products        bool    `json:"products"`
	Standardize     bool    `json:"standardize"`
	ValidationShare float64 `json:"validation_share"`
	EarlyStopping   bool    `json:"early_stopping"`
	Auxiliary       struct {
		PromptClassification *promptClassification `json:"prompt_classification"` // nil: not asked for
	} `json:"auxiliary"`
}

// promptClassification is the block of the auxiliary loss.
type promptClassification struct {
	Weight      float64 `json:"weight"` // lambda
	Temperature float64 `json:"temperature"`
	Negatives   int     `json:"negatives"`
	On          string  `json:"on"`
	Examples    string  `json:"examples"`
}

// What the softmax of prompt classification is taken of, and which images it
// learns from.
const (
	onSigmoid    = "sigmoid"
	onLogit      = "logit"
	examplesGood = "good"
	examplesAll  = "all"
)

// Component describes the reward.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:    sdk.KindReward,
			Name:    "feedback",
			Summary: "Perceptron on the embeddings of image and prompt, fitted on labels: the probability of good.",
			Notice:  "Rewards of the component feedback are fitted to each image's share of raters who call it good; the paper's labels are 0 or 1.",
			Schema: sdk.Schema{
				Attributes: append([]sdk.Attribute{
					{Name: "hidden_layers", Type: sdk.TypeInteger, Default: json.RawMessage(`2`), Minimum: sdk.Bound(1), Maximum: sdk.Bound(2), Summary: "Hidden layers; the paper's two-layer perceptron can be read as 1 or as 2."},
					{Name: "hidden_units", Type: sdk.TypeInteger, Default: json.RawMessage(`256`), Minimum: sdk.Bound(1), Summary: "Units of a hidden layer. The paper has 1024 on CLIP's 1536 inputs; a miniature encoder has 128, for which 256 do and train eight times faster."},
					{Name: "products", Type: sdk.TypeBool, Default: json.RawMessage(`false`), Summary: "Also read the terms of the cosine of image and prompt, whose sum is the CLIP score: what is learned of a word's match then holds for words that no label was about. Not in the paper."},
					{Name: "standardize", Type: sdk.TypeBool, Default: json.RawMessage(`true`), Summary: "Shift and scale each number of the embeddings to mean 0 and deviation 1 over the images of the fit."},
					{Name: "validation_share", Type: sdk.TypeNumber, Default: json.RawMessage(`0.1`), Minimum: sdk.Bound(0), Maximum: sdk.Bound(0.5), Summary: "Share of the labelled images that is held out to validate the fit, drawn by the seed."},
					{Name: "early_stopping", Type: sdk.TypeBool, Default: json.RawMessage(`true`), Summary: "Keep the weights of the epoch with the lowest squared error on the held-out images, not the last ones."},
				}, sdk.Settings(train.Settings{Steps: 1000, BatchSize: 64, LearningRate: 1e-3, WeightDecay: 0.01}).Attributes...),
				Blocks: []sdk.Block{{
					Type:    "auxiliary",
					Labels:  []string{"prompt_classification"},
					Summary: "Also learn which of several prompts an image was made for.",
					Body: sdk.Schema{Attributes: []sdk.Attribute{
						{Name: "weight", Type: sdk.TypeNumber, Default: json.RawMessage(`0.5`), Minimum: sdk.Bound(0), Summary: "Factor of the auxiliary loss, lambda in the paper; 0 is the same as no block."},
						{Name: "temperature", Type: sdk.TypeNumber, Default: json.RawMessage(`2`), Minimum: sdk.Bound(1e-3), Summary: "T in the paper: what the softmax divides by."},
						{Name: "negatives", Type: sdk.TypeInteger, Default: json.RawMessage(`9`), Minimum: sdk.Bound(1), Maximum: sdk.Bound(1000), Summary: "Prompts beside the true one, each with one word replaced; the paper does not say how many."},
						{Name: "on", Type: sdk.TypeString, Default: json.RawMessage(`"sigmoid"`), OneOf: []string{onSigmoid, onLogit}, Summary: "Whether T divides the reward (the paper's words) or the logit under it."},
						{Name: "examples", Type: sdk.TypeString, Default: json.RawMessage(`"good"`), OneOf: []string{examplesGood, examplesAll}, Summary: "Learn it from good images (as the paper does; by the share of raters who call them good), or from all."},
					}},
				}},
			},
			Reads:          []sdk.Reading{sdk.ReadImageFeatures, sdk.ReadTextFeatures},
			PreferredBatch: 64,
			NeedsDevice:    true,
			CodeVersion:    "1",
			Capabilities:   []sdk.Capability{sdk.CapabilityFit, sdk.CapabilityFitTexts},
		},
		Open: open,
	}
}

type reward struct {
	config  config
	backend compute.Backend
	fitted  *checkpoint // nil without a checkpoint
	head    *head       // nil without a checkpoint
}

var (
	_ sdk.BatchReward   = (*reward)(nil)
	_ sdk.Fitter        = (*reward)(nil)
	_ io.Closer         = (*reward)(nil)
	_ sdk.MemoryAdvisor = (*reward)(nil)
)

func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	c, err := sdk.Decode[config](request.Config)
	if err != nil {
		return nil, err
	}
	r := &reward{config: c}
	if r.backend, err = backends.Open(request.Backend); err != nil {
		return nil, err
	}
	if request.Checkpoint == "" {
		return r, nil
	}
	r.fitted, r.head, err = load(r.backend, request.Checkpoint)
	return r, err
}

// Score scores one image.
func (r *reward) Score(ctx context.Context, item sdk.Item) (float64, error) {
	scores, err := r.ScoreBatch(ctx, []sdk.Item{item})
	if err != nil {
		return 0, err
	}
	return scores[0], nil
}

// ScoreBatch gives the probability, in (0, 1), that each image is good.
func (r *reward) ScoreBatch(ctx context.Context, items []sdk.Item) ([]float64, error) {
	if r.head == nil {
		return nil, sdk.Diagnostic{
			Summary: "The reward has not been fitted",
			Detail:  "A feedback reward learns from labels before it can score: give its block labels = labels.NAME.",
		}
	}
	images, texts := make([][]float32, len(items)), make([][]float32, len(items))
	for i, item := range items {
		images[i], texts[i] = item.ImageVector, item.TextVector
		if len(images[i]) != r.fitted.ImageWidth || len(texts[i]) != r.fitted.TextWidth {
			return nil, sdk.Diagnostic{
				Summary: "The reward was fitted on another encoder",
				Detail: fmt.Sprintf("Its checkpoint reads %d numbers of an image and %d of a prompt; the encoder gives %d and %d. Score with the encoder that it was fitted on.",
					r.fitted.ImageWidth, r.fitted.TextWidth, len(images[i]), len(texts[i])),
			}
		}
	}
	return r.head.score(ctx, images, texts)
}

// Close frees the compiled network.
func (r *reward) Close() error {
	if r.head != nil {
		r.head.close()
	}
	return nil
}

// diverged tells of a training that ended in no number, with a way out that the
// block has.
func (r *reward) diverged(err error) error {
	if !errors.As(err, &train.Diverged{}) {
		return err
	}
	detail := fmt.Sprintf("Lower learning_rate (now %g): a third is a good first try.", r.config.LearningRate)
	if !r.config.Standardize {
		detail += " standardize = true helps where the encoder's numbers are large."
	}
	return sdk.Diagnostic{Summary: "The reward's training diverged", Detail: detail}
}

// MemoryAdvice lists settings that make a call take less memory of the device.
func (r *reward) MemoryAdvice(call sdk.Call, _ *sdk.TuneRequest) []sdk.Advice {
	if call != sdk.CallFit {
		return nil
	}
	return r.config.Settings.MemoryAdvice("reward")
}
