package dataset

// Verdict is the one row of a table that says what the steps of a finetune came to so
// far.
type Verdict struct {
	Last   int32 `parquet:"last"`   // the last step that was tuned
	Chosen int32 `parquet:"chosen"` // the step that the judge likes best, that before tuning apart; 0: none yet
	Stop   bool  `parquet:"stop"`   // the tuning is over
}
