package plan

import "github.com/plumb-ml/plumb/core/record"

// Kind is the kind of a stage, as records have it.
type Kind = record.Kind

// The kinds of stages.
const (
	Sample    = record.KindSample
	Import    = record.KindImport
	Rate      = record.KindRate
	Compare   = record.KindCompare
	Fit       = record.KindFit
	ListTexts = record.KindTexts
	Score     = record.KindScore
	Blend     = record.KindBlend
	Choose    = record.KindChoose
	Prepare   = record.KindPrepare
	Tune      = record.KindTune
	Encode    = record.KindEncode
	Measure   = record.KindMeasure
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
