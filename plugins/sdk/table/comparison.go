package table

// Comparison is a row of a comparisons table: one rater's choice between two
// images of one images table, made for the same prompt.
type Comparison struct {
	First    string `parquet:"first"`         // ID of an image
	Second   string `parquet:"second"`        // ID of the other
	Prompt   string `parquet:"prompt,dict"`   // of both, as in their table
	Category string `parquet:"category,dict"` // as in their table
	Split    string `parquet:"split,dict"`    // as in their table
	Rater    string `parquet:"rater,dict"`    // a name; of simulated raters "1", "2", ...
	Choice   string `parquet:"choice,dict"`   // "first" or "second", whichever is better, or "tie"
}
