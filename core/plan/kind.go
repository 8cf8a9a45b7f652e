package plan

// Kind is the kind of a stage.
type Kind string

// The kinds of stages, in the order in which a run usually meets them.
const (
	Sample    Kind = "sample"  // sampler, prompts -> images
	Import    Kind = "import"  // a folder -> images
	Rate      Kind = "rate"    // rater, images -> labels; or a file -> labels
	Compare   Kind = "compare" // rater, images -> comparisons; or a file, or labels -> comparisons
	Fit       Kind = "fit"     // reward, rater or encoder, labels, images, features -> checkpoint and curve
	ListTexts Kind = "texts"   // reward, labels, images -> texts whose features its fit reads
	Score     Kind = "score"   // reward, images, features -> scores
	Blend     Kind = "blend"   // scores of several rewards -> scores
	Choose    Kind = "choose"  // scores, images -> images
	Prepare   Kind = "prepare" // sampler, images -> what its tune reads
	Tune      Kind = "tune"    // sampler, images, what is prepared of them, scores -> checkpoint and curve
	Encode    Kind = "encode"  // encoder, images or texts -> features
	Measure   Kind = "measure" // labels, scores, features -> metrics and per-prompt values
)

// codeVersions are part of every key. Raise a kind's version when the code of
// package stage, or of a metric it calls, gives other results than before for
// the same inputs.
var codeVersions = map[Kind]string{
	Sample:    "1",
	Import:    "1",
	Rate:      "2",
	Compare:   "1",
	Fit:       "2",
	ListTexts: "1",
	Score:     "2",
	Blend:     "1",
	Choose:    "1",
	Prepare:   "1",
	Tune:      "1",
	Encode:    "2",
	Measure:   "2",
}

// The roles of outputs, as they stand in records.
const (
	Images       = "images"
	Labels       = "labels"
	Comparisons  = "comparisons"
	Scores       = "scores"
	Features     = "features"
	TextFeatures = "text_features"
	Texts        = "texts"
	Prepared     = "prepared"
	Checkpoint   = "checkpoint"
	Curve        = "curve"
	Values       = "values"
)
