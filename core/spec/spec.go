package spec

import (
	"encoding/json"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/hub"
	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Spec is an experiment, fully evaluated: no expression, variable or reference
// is left to resolve. Lists are in the order of the file; blocks in rounds come behind
// the others, round by round.
type Spec struct {
	Name        string
	Description string
	Seed        uint64
	File        string            // the file that was loaded, as the user named it
	Variables   map[string]any    // the resolved value of every variable (JSON types)
	Digests     map[string]string // sha256 of every file or directory that a path argument names, by resolved path; of folders of images see Images

	// Answers is what people have answered so far, as digests by question. Load leaves
	// it empty: whoever reads their judgements fills it in.
	Answers map[string]string

	// Missing says of every such path where nothing is yet what belongs there:
	// warnings, by resolved path.
	Missing map[string]diag.Diagnostic

	// Repositories are the models on Hugging Face's hub that path arguments name,
	// in the cache or not.
	Repositories []Repository

	Compute     Compute
	Tracking    *Tracking // nil: the experiment says nothing of it
	Plugins     []Plugin
	Prompts     []*PromptSet
	Samplers    []*Component
	Encoders    []*Component
	Raters      []*Component
	Rewards     []*Component
	Images      []*Images
	Labels      []*Labels
	Comparisons []*Comparisons
	Finetunes   []*Finetune
	Evaluate    []*Evaluate
}

// Repository is a model on Hugging Face's hub.
type Repository struct {
	Ref   hub.Ref
	Files []string // that are read of it, as in Attribute.Hub
	Range diag.Range
}

// Compute says where tensors are computed.
type Compute struct {
	Backend string // "auto", "go", "xla:cpu", "xla:cuda"
	Range   diag.Range
}

// PromptSet is one prompts block: a category.
type PromptSet struct {
	Name    string
	Prompts []Prompt
	// Words holds the words of each slot that seen prompts use: negatives for
	// prompt classification are made of these alone.
	Words map[string][]string
	Range diag.Range
}

// Prompt is one text with the words that filled its template.
type Prompt struct {
	// In the order of their names, as canonical JSON has them.
	Category string            `json:"category"`
	Slots    map[string]string `json:"slots"`
	Split    string            `json:"split"` // "seen" or "unseen"
	Text     string            `json:"text"`
	// Missing is the file that the prompt stands in for a line of, where nothing
	// is yet; empty for a prompt.
	Missing string `json:"-"`
}

// Component is a sampler, encoder, rater or reward block: kind "component" "name".
type Component struct {
	Kind      string // "sampler", "encoder", "rater", "reward"
	Component string // what the plugin calls it
	Plugin    string // whose it is; empty if nobody's, or if that is not clear
	Name      string // what the experiment calls it
	// Config is the body as canonical JSON (sorted keys, defaults filled in),
	// checked against the component's schema. References are not in it.
	Config json.RawMessage
	// Paths lists resolved paths inside Config whose content's digest belongs
	// into the key in their place.
	Paths   []string
	Encoder *Component   // rewards of features: encoder = encoder.NAME, which makes them; nil if none
	Labels  []*Labels    // rewards: labels = labels.NAME or several, to fit on; empty if none
	Images  *Images      // encoders, raters: images = images.NAME, to fit on; nil if none
	Sum     *WeightedSum // rewards: what the language itself adds up; nil for what a plugin provides
	Range   diag.Range
}

// How a weighted sum brings the scores of its members to one size, each on its own.
const (
	NormalizeStandard = "standard" // (score - mean) / deviation
	NormalizeRange    = "range"    // (score - lowest) / (highest - lowest)
	NormalizeNone     = "none"
)

// WeightedSum is a reward that adds up the scores of others.
type WeightedSum struct {
	Normalize string   // NormalizeStandard, ...
	Over      *Images  // whose scores give mean, deviation and bounds; nil with NormalizeNone
	Members   []Member // at least one; each reward once
}

// Member is a term of a weighted sum.
type Member struct {
	Reward *Component
	Weight float64 // its factor; may be negative
}

// Images is a set of images: drawn by a sampler, or a folder of files.
type Images struct {
	Name      string
	Sampler   Model    // what draws them; zero if there is a Folder
	Prompts   []Prompt // after split and limit; empty with a Folder
	PerPrompt int      // images per prompt

	Folder    *imagefolder.Folder   // files with captions, in place of a sampler; nil if Sampler is set
	Inventory imagefolder.Inventory // of the Folder
	Range     diag.Range
}

// Count is how many images the set has.
func (i *Images) Count() int {
	if i.Folder != nil {
		return i.Inventory.Images
	}
	return len(i.Prompts) * i.PerPrompt
}

// Model is what can draw images: a sampler, or a finetune of one. In an evaluation it
// may also be images that somebody else's model has drawn, of a folder.
type Model struct {
	Sampler  *Component
	Finetune *Finetune // nil: the sampler as it comes
	Images   *Images   // of a folder; Sampler and Finetune are nil then
}

// Name is the reference's name: the finetune's if there is one, else the sampler's or
// that of the images.
func (m Model) Name() string {
	if m.Images != nil {
		return m.Images.Name
	}
	if m.Finetune != nil {
		return m.Finetune.Name
	}
	if m.Sampler != nil {
		return m.Sampler.Name
	}
	return ""
}

// Which images are labelled, where not all are.
const (
	SelectRandom    = "random"    // drawn by the experiment's seed
	SelectUncertain = "uncertain" // those that a reward is least sure of
)

// Labels is the labels of a set of images: by a rater, from a file, or by people.
type Labels struct {
	Name     string
	Images   *Images
	Rater    *Component // nil if Path or People is set
	Path     string     // a CSV or Parquet file; empty if Rater or People is set
	People   *People    // nil if Rater or Path is set
	Fraction float64    // share of the images that are labelled; in (0, 1]
	Count    int        // of images that are labelled, in place of Fraction; 0: not given
	Select   string     // SelectRandom or SelectUncertain: which these are
	Reward   *Component // SelectUncertain: whose scores say so; nil otherwise
	Range    diag.Range
}

// Comparisons is choices between two images of one prompt: by a rater, from a
// file, by people, or made of labels.
type Comparisons struct {
	Name      string
	Images    *Images    // those of Labels, if that is set
	Rater     *Component // who compares; of Rater, Path, People and Labels one is set
	Path      string     // a CSV or Parquet file
	People    *People
	Labels    *Labels
	PerPrompt int // pairs of a prompt, drawn by the seed, or as many as there are; of no meaning with a Path
	Range     diag.Range
}

// Finetune is a fine-tuning of a sampler by a sum of losses. What it learns from is
// there if a loss needs it, and only then.
type Finetune struct {
	Name        string
	Model       Model          // what is tuned
	FromScratch bool           // start from random weights
	Images      []*Images      // of losses without images of their own
	Reward      *Component     // scores Images; nil if no loss needs it
	Labels      []*Labels      // their images, and who called them good or bad
	Comparisons []*Comparisons // their images, and which are better than which
	Reference   *Model         // what losses compare the model with; nil: the model as it begins
	Losses      []Loss
	Steps       int             // of the optimizer
	BatchSize   int             // images per step and loss
	Optimizer   json.RawMessage // by optimizerSchema, as canonical JSON
	// Options are the sampler component's own settings as canonical JSON,
	// checked against its schema; nil if it has none.
	Options json.RawMessage
	Paths   []string // resolved paths inside Options, as in Component

	Checkpoints *Checkpoints // how it is watched while it is tuned; nil: not at all
	Range       diag.Range
}

// Checkpoints says how a finetune's images are judged while it is tuned, and what follows
// from that.
type Checkpoints struct {
	At        []int // steps, ascending, the last of all among them
	Prompts   []Prompt
	PerPrompt int
	Judge     *Component // a reward or a rater
	Fidelity  *Fidelity  // nil: not measured
	Keep      string     // KeepBest or KeepLast
	Stop      bool       // end where the trained reward rises and the judge falls
	Patience  int        // looks in a row at which that shows before it ends
	Range     diag.Range
}

// Loss is one term of the objective.
type Loss struct {
	Name    string          // such as "reward_weighted"
	Weight  float64         // its factor
	Needs   []schema.Need   // as its component declares them
	Images  []*Images       // its own; empty unless it needs them
	Options json.RawMessage // canonical JSON, checked against the component's schema of the loss
	Paths   []string        // resolved paths inside Options, as in Component
	Range   diag.Range
}

// Evaluate says how models and rewards are measured.
type Evaluate struct {
	Name      string
	Models    []Model
	Baseline  Model
	Prompts   []Prompt // seen and unseen
	PerPrompt int
	Rewards   []*Component
	Alignment *Alignment // nil: not measured
	// Preference has raters choose between the models' images; nil: not measured.
	Preference *Preference
	Fidelity   *Fidelity // nil: not measured
	BestOf     []*BestOf
	Card       *RewardCard // nil: none
	Range      diag.Range
}

// Preference has raters or people choose between two models' images of one prompt and
// seed, or reads from a file how people chose.
type Preference struct {
	Rater  *Component // nil if Path or People is given, or after a mistake
	Path   string     // resolved
	People *People    // nil if Rater or Path is given
	Every  bool       // compares every two models; else each with the baseline
	Range  diag.Range
}

// RewardCard examines the evaluation's rewards: whether they read the prompt and look at
// the image, and what harmless changes of an image do to their scores.
type RewardCard struct {
	Images int   // of the baseline, drawn by the experiment's seed, that are changed
	JPEG   []int // qualities of compression
	Resize int   // percent of the width and height that images are shrunk to, and back
	Bins   int   // of the reliability diagram
	Range  diag.Range
}

// Alignment has raters or people judge the images of each model, or reads from a file
// how people judged them.
type Alignment struct {
	Rater  *Component // nil if Path or People is given, or after a mistake
	Path   string     // resolved
	People *People
	Range  diag.Range
}

// Fidelity compares the features of each model's images with those of a
// reference: images as they are, or drawn by a sampler for the evaluation's prompts.
type Fidelity struct {
	Images    *Images    // nil if a Sampler is set
	Sampler   *Component // a model of what is real; nil if Images is set
	PerPrompt int        // images of the Sampler a prompt
	Encoder   *Component
	Range     diag.Range
}

// BestOf is rejection sampling: N images a prompt, the Keep best by reward. Blocks of
// the same model, N and Keep choose among the same images.
type BestOf struct {
	Model   Model
	Reward  *Component
	N, Keep int
	Against []Model // compared with the best, beside Keep random ones of the model
	Range   diag.Range
}

// same reports whether two blocks choose the same images.
func (b *BestOf) same(other *BestOf) bool {
	return b.Model == other.Model && b.Reward == other.Reward && b.N == other.N && b.Keep == other.Keep && b.Reward != nil
}
