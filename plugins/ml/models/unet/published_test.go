package unet

import (
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
)

// TestStableDiffusion1 holds the sizes against the published model's: its
// unet has 859,520,964 weights, and a call at 512 x 512 pixels takes about 0.8
// TFLOP with attention.
func TestStableDiffusion1(t *testing.T) {
	c := StableDiffusion1()
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	one := c.Count(golden.Backend(t), 1, 64, 64, conditioning.Shapes{conditioning.Context: {77, 768}})
	if one.Parameters != 859_520_964 {
		t.Errorf("%d weights", one.Parameters)
	}
	t.Logf("a call: %.1f GFLOP", one.Operations/1e9)
	if one.Operations < 0.7e12 || one.Operations > 0.9e12 {
		t.Errorf("a call takes %.3g operations", one.Operations)
	}
	if four := c.Count(golden.Backend(t), 4, 64, 64, conditioning.Shapes{conditioning.Context: {77, 768}}); four.Operations < 3.99*one.Operations || four.Operations > 4.01*one.Operations {
		t.Errorf("four take %.3g, one %.3g", four.Operations, one.Operations)
	}
}
