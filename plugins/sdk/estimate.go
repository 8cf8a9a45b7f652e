package sdk

import "encoding/json"

// Call is what a stage asks an instance to do, for an estimate of it.
type Call string

// The calls that can be estimated.
const (
	CallSample     Call = "sample"
	CallEncode     Call = "encode"
	CallPrecompute Call = "precompute"
	CallTune       Call = "tune"
)

// EstimateRequest asks what a stage's work will take.
type EstimateRequest struct {
	Config json.RawMessage // as in OpenRequest; what its paths name may not be there yet
	Call   Call
	Images int // to sample, encode or precompute; of a step of Tune, over all its losses
	Steps  int // of Tune
	// Reference says, of Tune, that a loss compares with a frozen network.
	Reference bool
}

// Estimate is what some work takes on one accelerator, from its arithmetic. A
// number that is not known is 0.
type Estimate struct {
	Operations  float64  // floating-point operations, two for a multiply and add
	MemoryBytes int64    // that the device must have at least
	DiskBytes   int64    // of what comes out
	Assumes     []string // what the numbers stand on, each a phrase for the user
}
