package clip

import (
	"math"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestEstimate: ViT-L/14's image tower takes about 162 GFLOP (81 G
// multiply-adds) for an image of 224 x 224 pixels.
func TestEstimate(t *testing.T) {
	got, err := estimate(sdk.EstimateRequest{Config: []byte(`{"weights":"nowhere"}`), Call: sdk.CallEncode, Images: 2})
	if err != nil {
		t.Fatal(err)
	}
	if each := got.Operations / 2e9; math.Abs(each-162) > 3 {
		t.Errorf("%.1f GFLOP an image", each)
	}
	// All its 427.6 M weights but the logit's scale.
	if weights := got.MemoryBytes / 4; weights != 427_616_512 {
		t.Errorf("%d weights", weights)
	}
	tinyOne, err := estimate(sdk.EstimateRequest{Config: configured(t, tiny), Call: sdk.CallEncode, Images: 2})
	if err != nil || tinyOne.Assumes != nil || tinyOne.Operations >= got.Operations/1000 {
		t.Errorf("%+v, %v", tinyOne, err)
	}
}
