package plan

import (
	"encoding/json"

	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/spec"
)

// Work is the typed configuration of a stage. Its JSON, with sorted keys, is
// part of the key; fields that must not be are marked so.
type Work interface {
	kind() Kind
	// images is how many images the stage makes or reads, and 0 if that is
	// not known before it runs.
	images() int
}

// SampleWork draws images for prompts.
type SampleWork struct {
	Prompts   []spec.Prompt `json:"prompts,omitempty"`
	PerPrompt int           `json:"per_prompt,omitempty"`
}

// ImportWork reads images that people bring along.
type ImportWork struct {
	Folder imagefolder.Folder `json:"folder"`
	Digest string             `json:"digest"` // of what is taken of the folder
	Images int                `json:"-"`
}

// RateWork has a rater judge images, or reads a label file.
type RateWork struct {
	Fraction float64 `json:"fraction"`         // share of the images, in (0, 1]
	Path     string  `json:"-"`                // a CSV or Parquet file; empty if a rater judges
	Digest   string  `json:"digest,omitempty"` // of what Path names
	Blind    bool    `json:"blind,omitempty"`  // the file names images by their labels.BlindID, those of other stages too
	Sheet    string  `json:"-"`                // what plumb export calls the sheet of a blind file
	Images   int     `json:"-"`
}

// CompareWork has a rater choose between two images of a prompt, reads such
// choices from a file, or makes them of the input Labels.
type CompareWork struct {
	PerPrompt int    `json:"per_prompt,omitempty"` // pairs of a prompt, or as many as there are; 0: those of the file
	Path      string `json:"-"`                    // a CSV or Parquet file; empty if a rater compares, or labels do
	Digest    string `json:"digest,omitempty"`     // of what Path names
	Pairs     int    `json:"-"`
}

// FitWork has a reward, rater or encoder learn from labels or images.
type FitWork struct {
	Labels bool `json:"labels"` // whether there are labels
	Images int  `json:"-"`
}

// ScoreWork has a reward score images.
type ScoreWork struct {
	Images int `json:"-"`
}

// TextsWork asks a reward which texts its fit reads beside the images' prompts.
type TextsWork struct {
	Images int `json:"-"`
}

// BlendWork adds up the scores of several rewards: the sum over terms of the weight
// times the normalised score.
type BlendWork struct {
	Normalize string      `json:"normalize"` // as in spec.WeightedSum
	Terms     []BlendTerm `json:"terms"`
	Reward    string      `json:"-"` // the sum's name
	Over      string      `json:"-"` // the images that Terms are normalised over; empty: none
	Images    int         `json:"-"`
}

// BlendTerm is a reward in a sum.
type BlendTerm struct {
	Reward string  `json:"-"` // its name
	Weight float64 `json:"weight"`
	Scores string  `json:"scores"`         // role of the input with the scores to add
	Over   string  `json:"over,omitempty"` // role of the input with the scores to normalise by; empty: none
}

// How images are chosen.
const (
	ChooseBest   = "best"
	ChooseRandom = "random"
)

// ChooseWork keeps some images of each prompt.
type ChooseWork struct {
	How    string `json:"how"` // ChooseBest by score, ChooseRandom by the stage's seed
	Keep   int    `json:"keep"`
	Images int    `json:"-"`
}

// PrepareWork has a sampler turn images into what its tuning reads.
type PrepareWork struct {
	Images int `json:"-"`
}

// TuneWork fine-tunes a sampler.
type TuneWork struct {
	FromScratch bool            `json:"from_scratch"`
	Losses      []TuneLoss      `json:"losses"`
	Reference   *TuneReference  `json:"reference,omitempty"` // nil: the model as it begins
	Steps       int             `json:"steps"`
	BatchSize   int             `json:"batch_size"`
	Optimizer   json.RawMessage `json:"optimizer"`
	Options     json.RawMessage `json:"-"`                 // the component's own settings; nil if it has none
	KeyOptions  json.RawMessage `json:"options,omitempty"` // the same with digests in place of paths
}

// TuneLoss is one term of the objective.
type TuneLoss struct {
	Name       string          `json:"name"`
	Weight     float64         `json:"weight"`
	Options    json.RawMessage `json:"-"`
	KeyOptions json.RawMessage `json:"options,omitempty"` // with digests in place of paths
	Sets       []TuneSet       `json:"sets"`
}

// TuneSet is a table of images that a loss learns from, with tables about it: roles
// of inputs, empty where the loss needs none.
type TuneSet struct {
	Images      string `json:"images"`
	Prepared    string `json:"prepared,omitempty"`
	Scores      string `json:"scores,omitempty"`
	Labels      string `json:"labels,omitempty"`
	Comparisons string `json:"comparisons,omitempty"`
}

// TuneReference is the model that losses compare the tuned one with.
type TuneReference struct {
	Checkpoint string `json:"checkpoint,omitempty"` // role of an input; empty: the component's own weights
}

// EncodeWork turns images into vectors.
type EncodeWork struct {
	Texts  bool `json:"texts"` // their prompts, too
	Images int  `json:"-"`
}

// EncodeTextsWork turns a table of texts into vectors.
type EncodeTextsWork struct{}

func (*SampleWork) kind() Kind      { return Sample }
func (*ImportWork) kind() Kind      { return Import }
func (*RateWork) kind() Kind        { return Rate }
func (*CompareWork) kind() Kind     { return Compare }
func (*FitWork) kind() Kind         { return Fit }
func (*TextsWork) kind() Kind       { return ListTexts }
func (*ScoreWork) kind() Kind       { return Score }
func (*BlendWork) kind() Kind       { return Blend }
func (*ChooseWork) kind() Kind      { return Choose }
func (*PrepareWork) kind() Kind     { return Prepare }
func (*TuneWork) kind() Kind        { return Tune }
func (*EncodeWork) kind() Kind      { return Encode }
func (*EncodeTextsWork) kind() Kind { return Encode }

func (w *SampleWork) images() int    { return len(w.Prompts) * w.PerPrompt }
func (w *ImportWork) images() int    { return w.Images }
func (w *RateWork) images() int      { return w.Images }
func (*CompareWork) images() int     { return 0 }
func (w *FitWork) images() int       { return w.Images }
func (w *TextsWork) images() int     { return w.Images }
func (w *ScoreWork) images() int     { return w.Images }
func (w *BlendWork) images() int     { return w.Images }
func (w *ChooseWork) images() int    { return w.Images }
func (w *PrepareWork) images() int   { return w.Images }
func (*TuneWork) images() int        { return 0 }
func (w *EncodeWork) images() int    { return w.Images }
func (*EncodeTextsWork) images() int { return 0 }

// Items is how much the stage has to work through, and in what unit; 0 if
// that is not known before it runs.
func (n *Node) Items() (int, string) {
	switch work := n.Work.(type) {
	case *TuneWork:
		return work.Steps, "steps"
	case *CompareWork:
		return work.Pairs, "pairs"
	}
	return n.Work.images(), "images"
}
