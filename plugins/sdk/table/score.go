package table

// Score is a row of a scores table: a reward's number for one image.
type Score struct {
	ImageID  string  `parquet:"image_id"`      // the image's id in its table
	Prompt   string  `parquet:"prompt,dict"`   // of the image, as in its table
	Category string  `parquet:"category,dict"` // as in its table
	Split    string  `parquet:"split,dict"`    // as in its table
	Score    float64 `parquet:"score"`         // finite; higher is better, in the reward's own unit
}
