package clipscore

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

func opened(t *testing.T) sdk.Reward {
	t.Helper()
	instance, err := Component().Open(t.Context(), sdk.OpenRequest{Config: json.RawMessage(`{"scale": 10}`)})
	if err != nil {
		t.Fatal(err)
	}
	return instance.(sdk.Reward)
}

func TestScore(t *testing.T) {
	reward := opened(t)
	for name, one := range map[string]struct {
		image, text []float32
		want        float64
	}{
		"the same direction, whatever the length": {[]float32{200, 0, 0}, []float32{1, 0, 0}, 10},
		"at right angles":                         {[]float32{0, 9, 0}, []float32{1, 0, 0}, 0},
		"45 degrees":                              {[]float32{80, 0, 0}, []float32{1, 1, 0}, 10 * math.Sqrt2 / 2},
		"no direction":                            {[]float32{0, 0, 0}, []float32{1, 0, 0}, 0},
	} {
		score, err := reward.Score(t.Context(), sdk.Item{ImageVector: one.image, TextVector: one.text})
		if err != nil || math.Abs(score-one.want) > 1e-12 {
			t.Errorf("%s: score is %v, %v; want %v", name, score, err, one.want)
		}
	}
}

func TestEncoderOfTwoSpaces(t *testing.T) {
	_, err := opened(t).Score(t.Context(), sdk.Item{ImageVector: []float32{1, 2}, TextVector: []float32{1}})
	if err == nil || !strings.Contains(err.Error(), "cannot be compared") {
		t.Errorf("error is %v", err)
	}
}

func TestContract(t *testing.T) {
	plugintest.Run(t, sdk.Plugin{Name: "test", Components: []sdk.Component{Component()}})
}
