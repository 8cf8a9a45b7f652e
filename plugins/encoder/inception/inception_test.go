package inception

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/models/inceptionv3"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// narrow writes weights of a network a sixteenth as wide, drawn at random.
func narrow(t *testing.T) string {
	t.Helper()
	backend := backendstest.Backend(t)
	random := rand.New(rand.NewPCG(1, 2))
	published := inceptionv3.Network{Divisor: 16}.Weights(backend)
	weights := map[string]safetensors.Tensor{}
	for _, need := range published.Needs {
		w := safetensors.Tensor{Dims: need.Dims, Data: make([]float32, safetensors.Size(need.Dims))}
		if strings.HasSuffix(need.Name, ".conv.weight") {
			nn.FanIn(2)(random, need.Dims, w.Data)
		} else {
			for i := range w.Data {
				w.Data[i] = 0.5 + random.Float32()
			}
		}
		weights[need.Name] = w
	}
	file, err := published.Published(weights)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "inception.safetensors")
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func configured(t *testing.T, path string) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(map[string]string{"weights": path})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func photograph(t *testing.T, name string) sdk.Image {
	t.Helper()
	content, err := os.ReadFile("../../ml/preprocess/testdata/" + name + ".png")
	if err != nil {
		t.Fatal(err)
	}
	image, err := imaging.Decode(content, imaging.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestContract(t *testing.T) {
	plugintest.Run(t, sdk.Plugin{Name: "test", Components: []sdk.Component{Component()}}, plugintest.Case{
		Kind: sdk.KindEncoder, Component: "inception", Config: configured(t, narrow(t)),
		Images: []sdk.Image{photograph(t, "rgb_67x45"), photograph(t, "rgb_51x131"), photograph(t, "gray_29x21")},
	})
}

// TestFeatures: as wide as the weights, finite, and not the same for all.
func TestFeatures(t *testing.T) {
	instance, err := Component().Open(t.Context(), sdk.OpenRequest{Config: configured(t, narrow(t)), Backend: backendstest.Name()})
	if err != nil {
		t.Fatal(err)
	}
	e := instance.(encoder)
	defer e.Close()
	rows, err := e.EncodeImages(t.Context(), []sdk.Image{photograph(t, "rgb_67x45"), photograph(t, "gray_29x21")})
	if err != nil {
		t.Fatal(err)
	}
	var apart float64
	for i, v := range rows[0] {
		if math.IsNaN(float64(v)) || v < 0 { // means of ReLUs
			t.Fatalf("feature %d is %v", i, v)
		}
		apart += math.Abs(float64(v - rows[1][i]))
	}
	if len(rows[0]) != 128 || apart < 0.1 {
		t.Errorf("%d features, %v apart", len(rows[0]), apart)
	}
}

func TestMistakes(t *testing.T) {
	for path, want := range map[string]string{
		"":                  "python3 -c",
		"none.safetensors":  "no such file",
		"inception_test.go": "no safetensors file",
	} {
		_, err := Component().Open(t.Context(), sdk.OpenRequest{Config: configured(t, path), Backend: backendstest.Name()})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not say %q", path, err, want)
		}
	}
}

// TestKey: the host puts the digest of the weights into the key because of this.
func TestKey(t *testing.T) {
	if weights := Component().Schema.Attributes[0]; weights.Name != "weights" || !weights.Path || !weights.Required {
		t.Errorf("attribute %+v", weights)
	}
}
