package inception

import (
	"math"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestEstimate: Inception-v3 takes about 11.4 GFLOP (5.7 G multiply-adds, Szegedy
// et al. 2015 and the zoos that list them) for an image of 299 x 299 pixels, and
// has 21.8 M weights below its classifier.
func TestEstimate(t *testing.T) {
	got, err := estimate(sdk.EstimateRequest{Config: []byte(`{"weights":"nowhere"}`), Call: sdk.CallEncode, Images: 2})
	if err != nil {
		t.Fatal(err)
	}
	if each := got.Operations / 2e9; math.Abs(each-11.4) > 0.3 {
		t.Errorf("%.2f GFLOP an image", each)
	}
	if weights := float64(got.MemoryBytes) / 4e6; math.Abs(weights-21.8) > 0.1 {
		t.Errorf("%.2f M weights", weights)
	}
	if _, err := estimate(sdk.EstimateRequest{Config: []byte(`{}`), Call: sdk.CallTune, Images: 2}); err == nil {
		t.Error("an encoder is tuned")
	}
}
