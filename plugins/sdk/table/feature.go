package table

// Feature is a row of a features table: an encoder's vector of one image.
type Feature struct {
	ImageID string    `parquet:"image_id"`    // the image's id in its table
	Vector  []float32 `parquet:"vector,list"` // [width of the encoder], finite; the same width in all rows
}
