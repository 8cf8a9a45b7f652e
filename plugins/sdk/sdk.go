// Package sdk is all that a plugin author imports: the interfaces that a
// component implements, the description it gives of itself, and Serve.
//
// A plugin is a binary that calls Serve once with its components. A component
// is a named sampler, reward, rater or encoder. The host opens a component
// with a configuration; what comes back is an instance, and the SDK asks by
// type assertion what the instance can do. The smallest plugin is therefore
// one method and one Serve call.
//
// The life of a component, in order:
//
//  1. Describe: the host reads the component's name, schema and capabilities.
//     Nothing is loaded yet.
//  2. CheckPrompts, if the component has it: while an experiment is checked, the
//     host shows it all prompts that it would get. Nothing is loaded yet.
//  3. Open: the host sends the configuration as JSON, already checked against
//     the schema and with defaults filled in. The component loads its weights.
//  4. Calls: the methods of its kind and its capabilities, any number of times.
//     Calls on one instance never overlap.
//     What the user should know, and is no reason to fail, goes to Warn, in every
//     call but Describe, Close and Stop.
//  5. Close: the instance frees what it holds (if it implements io.Closer).
//
// The package refuses to know how a model works: it imports no tensor library
// and nothing else of this project.
package sdk

import (
	"context"
	"encoding/json"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// Component is one entry of a plugin's list.
type Component struct {
	// Description is what the host is told of the component.
	Description

	// Estimate, if not nil, says what some work will take, from the sizes of the
	// component's networks; it loads no weights, and there may be none yet. For
	// now only components that are built into Plumb are asked: it does not go
	// over the wire.
	Estimate func(request EstimateRequest) (Estimate, error)

	// Check finds what is wrong with what a configuration names, such as weights that
	// are not those of config.json, while an experiment is checked. It reads small
	// files and headers, no weights, and all that its paths name is there. nil: there
	// is nothing to find. For now only components that are built into Plumb are asked:
	// it does not go over the wire.
	Check func(config json.RawMessage) error

	// CheckPrompts finds what in prompts the component cannot make sense of, such as
	// words that a small world does not have; nil unless it has the capability
	// CapabilityCheckPrompts. `plumb validate` reports it at the place in the
	// experiment where the words are written, and nothing runs. What is said of a
	// prompt depends on the prompt and the configuration alone, in every call the
	// same. It opens nothing and loads no weights, and may be asked while instances
	// work; it is quick, since there may be 100,000 prompts.
	CheckPrompts func(ctx context.Context, request CheckPromptsRequest) (PromptFindings, error)

	// Open makes an instance: a Sampler, Reward, Rater or Encoder by Kind.
	Open func(ctx context.Context, request OpenRequest) (any, error)
}

// OpenRequest is what an instance is made of.
type OpenRequest struct {
	// Config is the component's block as canonical JSON, defaults filled in.
	Config json.RawMessage
	// Checkpoint is a directory that Fit or Tune of this component wrote, or
	// empty for the component's own weights.
	Checkpoint string
	// Seed is for whatever is random in opening, such as initial weights.
	Seed uint64
	// Backend is the compute backend of Plumb's own models: "auto", "go", "xla:cpu",
	// "xla:cuda".
	Backend string
	// Device and DType say the same in PyTorch's words, for everybody else: "cpu",
	// "cuda", "cuda:1", "mps"; "float32", "bfloat16", "float16". Empty: as the
	// component finds best.
	Device, DType string
}

// CheckPromptsRequest is prompts that a component would get.
type CheckPromptsRequest struct {
	Config  json.RawMessage // as in OpenRequest; what its paths name may not be there yet
	Prompts []Prompt
}

// Prompt is a text with the words that filled its template.
type Prompt struct {
	Text     string            `json:"text"`
	Category string            `json:"category,omitempty"` // the prompts block it comes from
	Slots    map[string]string `json:"slots,omitempty"`    // {"color": "red", "object": "circle"}
}

// Image is 8-bit RGB, row-major, three bytes a pixel, no padding.
type Image = imaging.Image

// Draw asks a sampler for one image. The same draw gives the same image,
// whatever else is in the batch.
type Draw struct {
	Prompt Prompt
	Seed   uint64
}

// Sampler draws images for prompts.
type Sampler interface {
	// Sample calls emit once for each draw, with the draw's position, in any
	// order and from one goroutine. An error of emit ends the call.
	Sample(ctx context.Context, draws []Draw, emit func(position int, image Image) error) error
}

// Item is a prompt with an image made for it. Rewards get of it what they say
// that they read (Description.Reads), and the rest is empty; raters get pixels.
type Item struct {
	ID     string // unique in its table
	Prompt Prompt
	Image  Image

	// Vectors of the encoder under the reward, [dimension]: the same dimension for
	// all images, and for all prompts.
	ImageVector []float32
	TextVector  []float32 // of Prompt.Text
}

// Reward gives one number for an image made for a prompt: higher is better.
type Reward interface {
	Score(ctx context.Context, item Item) (float64, error)
}

// BatchReward is a Reward that would rather see several items at once.
type BatchReward interface {
	Reward
	ScoreBatch(ctx context.Context, items []Item) ([]float64, error)
}

// Score is a reward's answer about one image.
type Score struct {
	Score float64 // finite; higher is better
	// Parts are further numbers about the image, finite, by name, such as the terms of
	// the score: those that the component lists (Description.Parts), each of them.
	Parts map[string]float64
}

// PartsReward is a Reward that gives further numbers beside the score. One whose
// description lists Parts must be one. They become columns of the table of scores.
type PartsReward interface {
	Reward
	// ScoreParts returns one Score for each item.
	ScoreParts(ctx context.Context, items []Item) ([]Score, error)
}

// Label is a rater's answer about one image.
type Label string

// The labels.
const (
	LabelGood Label = "good"
	LabelBad  Label = "bad"
	LabelSkip Label = "skip" // cannot tell
)

// Rater stands for one or several people who look at images.
type Rater interface {
	// Rate returns for each item one label per rater, always in the same order
	// of raters. The labels of an item depend on the item, its ID and the
	// instance's seed, not on its neighbours.
	Rate(ctx context.Context, items []Item) ([][]Label, error)
}

// Choice is one rater's answer to which of two images is better.
type Choice string

// The choices.
const (
	ChooseFirst  Choice = "first"
	ChooseSecond Choice = "second"
	Tie          Choice = "tie" // neither, or cannot tell
)

// Pair is two images made for the same prompt. Which of them comes first means
// nothing: whoever asks draws it, so that no side is favoured.
type Pair struct {
	ID            string // of both images, whichever comes first
	Prompt        Prompt
	First, Second Image
}

// Encoder maps images and texts to vectors.
type Encoder interface {
	// EncodeImages returns one vector per image, [images][dimension].
	EncodeImages(ctx context.Context, images []Image) ([][]float32, error)
}

// Informer is an instance with numbers about itself that a report prints beside
// what it measured, such as a simulated rater's accuracy.
type Informer interface {
	// Facts is asked once, when the instance has been opened.
	Facts() map[string]float64
}

// Progress is what a long call reports while it works. What the user should
// read beside it goes through Warn.
type Progress struct {
	Step, Steps int                // finished and planned
	Values      map[string]float64 // the training curve's values at this step; may be nil
}

// FitRequest names the tables to learn from. Tables are Parquet files in the
// store (package table documents their columns): read them, never write them.
type FitRequest struct {
	Sets []FitSet
	// TextFeatures are tables of texts and their vectors: of the prompts of all
	// sets, and of what FitTexts listed. A text may be in several, with the same
	// vector. Empty for a component that does not read them.
	TextFeatures []string
	Seed         uint64
	Output       string // an empty directory for config.json and *.safetensors
	Scratch      string // kept if the call is killed and asked again: unfinished state may live here
}

// ImageTables lists the image tables of all sets.
func (r FitRequest) ImageTables() []string {
	paths := make([]string, len(r.Sets))
	for i, set := range r.Sets {
		paths[i] = set.Images
	}
	return paths
}

// FitSet is one table of images and what is known of them.
type FitSet struct {
	Images        string // an image table
	Labels        string // a label table; empty if there are no labels
	ImageFeatures string // a table of the images' vectors; empty for a component that does not read them
}

// PrecomputeRequest names a table of images to precompute.
type PrecomputeRequest struct {
	Images  string // an image table, as in FitRequest
	Seed    uint64 // the same for every seed of an experiment, as what is precomputed is shared by them
	Output  string // an empty directory
	Scratch string // as in FitRequest
}

// TuneRequest is a fine-tuning job: a sum of losses over sets of images.
type TuneRequest struct {
	Losses    []TuneLoss
	Steps     int // of the optimizer
	BatchSize int // images per step and loss
	// Optimizer is a finetune block's settings of AdamW and its learning rate, as
	// canonical JSON: learning_rate, warmup_steps, schedule ("constant" or "cosine"
	// after warm-up), weight_decay, beta1, beta2, epsilon, gradient_clip_norm (0:
	// none) and ema_decay (0: none).
	Optimizer json.RawMessage
	Scratch   string // as in FitRequest
	Output    string // as in FitRequest
	Seed      uint64
	// FromScratch starts from random weights instead of the instance's.
	FromScratch bool
	// Reference is what losses that need one (NeedReference) compare the model
	// with; nil: the model as its tuning begins.
	Reference *TuneReference
	// Options are the component's own settings, as canonical JSON, checked
	// against Component.Tuning; {} if it has none.
	Options json.RawMessage

	// The rest is of components that declare CapabilityTuneInParts; others find it empty.
	// A job that stops and goes on, also on another machine, gives the same checkpoints as
	// one that is not stopped: learning rates follow Steps, not Until.

	Until  int    // stop after this step; 0: after the last. Output gets the checkpoint of that step
	State  string // an empty directory for all that the step after Until takes, the same bytes always; "": none comes
	Resume string // the State of a call for the same job that stopped earlier; "": begin
}

// Last is the step after which the call ends.
func (r TuneRequest) Last() int {
	if r.Until > 0 {
		return min(r.Until, r.Steps)
	}
	return r.Steps
}

// TuneLoss is one term of the objective.
type TuneLoss struct {
	Name    string          // such as "reward_weighted" or "pretraining"
	Weight  float64         // its factor in the sum
	Options json.RawMessage // checked against the schema of Loss
	Sets    []TuneSet       // what it learns from, at least one
}

// TuneSet is a table of images with what a loss needs to know of them: a table, or
// "" where the loss does not need it.
type TuneSet struct {
	Images      string // an image table, as in FitRequest
	Precomputed string // the directory that Precompute made of it; "" if the component does not precompute
	Scores      string // of the images, by the finetune's reward
	Labels      string // of some or all of the images
	Comparisons string // of pairs of them
}

// TuneReference is the frozen model that losses compare the tuned one with.
type TuneReference struct {
	Checkpoint string // a directory that Tune of this component wrote; "": the component's own weights
}
