package dataset

// PromptValue is a row of a measure's table: the value of a metric at one prompt.
type PromptValue struct {
	Metric   string  `parquet:"metric,dict"`
	Subject  string  `parquet:"subject,dict"` // the model or reward that is measured
	Versus   string  `parquet:"versus,dict"`  // what it is compared with; empty if nothing
	Prompt   string  `parquet:"prompt,dict"`
	Category string  `parquet:"category,dict"`
	Split    string  `parquet:"split,dict"`
	N        int32   `parquet:"n"` // images or pairs behind the value
	Value    float64 `parquet:"value"`
}
