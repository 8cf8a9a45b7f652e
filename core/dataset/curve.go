package dataset

// CurvePoint is a row of a training curve.
type CurvePoint struct {
	Step  int32   `parquet:"step"`
	Name  string  `parquet:"name,dict"` // "loss", "loss/pretraining", "gradient_norm", "learning_rate"
	Value float64 `parquet:"value"`
}
