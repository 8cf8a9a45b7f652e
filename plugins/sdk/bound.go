package sdk

// Bound is a value for Attribute.Minimum and Attribute.Maximum.
func Bound(value float64) *float64 { return &value }
