package table

// Label is a row of a labels table: one rater's label of one image.
type Label struct {
	ImageID  string `parquet:"image_id"`      // the image's id in its table
	Prompt   string `parquet:"prompt,dict"`   // of the image, as in its table
	Category string `parquet:"category,dict"` // as in its table
	Split    string `parquet:"split,dict"`    // as in its table
	Rater    string `parquet:"rater,dict"`    // a name; of simulated raters "1", "2", ...
	Label    string `parquet:"label,dict"`    // "good", "bad" or "skip"
}
