package table

// ListedText is a row of a texts table: one that an encoder is to encode beside the
// prompts of images.
type ListedText struct {
	Text string `parquet:"text"` // once in the table
}

// TextFeature is a row of a text features table: an encoder's vector of one text.
type TextFeature struct {
	Text   string    `parquet:"text"`        // once in the table
	Vector []float32 `parquet:"vector,list"` // [width of the encoder], finite; the same width in all rows
}
