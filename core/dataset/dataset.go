// Package dataset reads and writes the Parquet tables that stages exchange.
//
// Every table opens as it is in pandas, DuckDB and Hugging Face datasets.
// Images are lossless PNG in the {bytes, path} struct that datasets reads as
// Image. The same rows give the same bytes, however they are handed to Write,
// so that a table has one digest.
//
// Writing and reading are streams: neither holds more than a row group, some
// 32 MiB, in memory.
//
// The package also reads what people bring along: labels as CSV or Parquet
// (ImportLabels), and captioned images as a Hugging Face imagefolder or dataset
// (ImageFolder).
//
// It refuses to know what a stage does with a table, to guess at missing
// columns, and to let a damaged file through as fewer rows or as a panic: every
// such file is an error that names it.
package dataset

// Image is a row of an images table.
type Image struct {
	ID       string            `parquet:"id"` // unique in the table, stable: category, prompt number and index
	Image    File              `parquet:"image,optional"`
	Prompt   string            `parquet:"prompt,dict"` // what it was drawn for; the caption
	Category string            `parquet:"category,dict"`
	Split    string            `parquet:"split,dict"` // "seen" or "unseen"
	Slots    map[string]string `parquet:"-"`          // in the file: a column "slots" of JSON text, as datasets has no maps
	Index    int32             `parquet:"index"`      // among the images of its prompt
	Seed     uint64            `parquet:"seed"`
}

// File is an image file's content, as Hugging Face datasets stores one. That
// both columns are optional is part of it. PNG is compressed already.
type File struct {
	Bytes []byte `parquet:"bytes,optional,uncompressed"`
	Path  string `parquet:"path,optional"`
}

// Label is a row of a labels table: one rater's verdict on one image.
type Label struct {
	ImageID  string `parquet:"image_id"`
	Prompt   string `parquet:"prompt,dict"`
	Category string `parquet:"category,dict"`
	Split    string `parquet:"split,dict"`
	Rater    int32  `parquet:"rater"`
	Label    string `parquet:"label,dict"` // "good", "bad" or "skip"
}

// Comparison is a row of a comparisons table: one rater's choice between two
// images of one images table, made for the same prompt.
type Comparison struct {
	First    string `parquet:"first"`  // ID of an image
	Second   string `parquet:"second"` // ID of the other
	Prompt   string `parquet:"prompt,dict"`
	Category string `parquet:"category,dict"`
	Split    string `parquet:"split,dict"`
	Rater    string `parquet:"rater,dict"`
	Choice   string `parquet:"choice,dict"` // "first" or "second", whichever is better, or "tie"
}

// Score is a row of a scores table.
type Score struct {
	ImageID  string  `parquet:"image_id"`
	Prompt   string  `parquet:"prompt,dict"`
	Category string  `parquet:"category,dict"`
	Split    string  `parquet:"split,dict"`
	Score    float64 `parquet:"score"`
}

// Feature is a row of a features table.
type Feature struct {
	ImageID string    `parquet:"image_id"`
	Vector  []float32 `parquet:"vector,list"`
}

// CurvePoint is a row of a training curve.
type CurvePoint struct {
	Step  int32   `parquet:"step"`
	Name  string  `parquet:"name,dict"` // "loss", "loss/pretraining", "gradient_norm", "learning_rate"
	Value float64 `parquet:"value"`
}

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
