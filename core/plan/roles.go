package plan

// The roles of outputs, as they stand in records.
const (
	Images       = "images"
	Labels       = "labels"
	Comparisons  = "comparisons"
	Preferences  = "preferences"
	Scores       = "scores"
	Features     = "features"
	TextFeatures = "text_features"
	Texts        = "texts"
	Precomputed  = "precomputed"
	Checkpoint   = "checkpoint"
	Curve        = "curve"
	Values       = "values"
	State        = "state"   // all that the next part of a tuning takes
	Verdict      = "verdict" // whether a tuning goes on, and which of its steps is best
)
