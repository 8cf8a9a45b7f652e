package preprocess

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

func photograph(t *testing.T, name string) sdk.Image {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name + ".png")
	if err != nil {
		t.Fatal(err)
	}
	image, err := imaging.Decode(content, imaging.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// TestApply compares with Pillow 9.4.0's bytes and the values made of them.
func TestApply(t *testing.T) {
	want, err := safetensors.Read("testdata/expected.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Load("../models/testdata/tiny-clip")
	if err != nil {
		t.Fatal(err)
	}
	if height, width := p.Size(); height != 32 || width != 32 {
		t.Errorf("size is %d x %d", height, width)
	}
	for _, name := range []string{"rgb_67x45", "rgb_51x131", "gray_29x21"} {
		image := photograph(t, name)
		bytes := want.Integers[name+".resized_u8_hwc"]
		resized := imaging.Bicubic.Resize(image, bytes.Dims[1], bytes.Dims[0])
		if to := shortestTo(size{image.Height, image.Width}, 32); to != (size{bytes.Dims[0], bytes.Dims[1]}) {
			t.Errorf("%s: resized to %v, want %v", name, to, bytes.Dims)
		}
		wrong := 0
		for i, b := range resized.RGB {
			if int64(b) != bytes.Data[i] {
				wrong++
			}
		}
		if wrong > 0 || len(resized.RGB) != len(bytes.Data) {
			t.Errorf("%s: %d of %d bytes are not Pillow's", name, wrong, len(bytes.Data))
		}
		values := want.Tensors[name+".pixel_values_hf"].Data
		got := p.Apply(image)
		if len(got) != len(values) {
			t.Fatalf("%s: %d values, want %d", name, len(got), len(values))
		}
		worst := 0.0
		for i, v := range got {
			worst = max(worst, math.Abs(float64(v)-float64(values[i])))
		}
		t.Logf("%s: values differ by at most %.1e", name, worst)
		if worst > 1e-6 {
			t.Errorf("%s: values differ by %g", name, worst)
		}
	}
}

// TestSameSize: an image of the right size stays as it is.
func TestSameSize(t *testing.T) {
	image := photograph(t, "gray_29x21")
	same := imaging.Bicubic.Resize(image, image.Width, image.Height)
	for i, b := range same.RGB {
		if b != image.RGB[i] {
			t.Fatalf("byte %d is %d, was %d", i, b, image.RGB[i])
		}
	}
}

// TestNarrow: an image of one row costs no more than its middle.
func TestNarrow(t *testing.T) {
	p, err := Load("../models/testdata/tiny-clip")
	if err != nil {
		t.Fatal(err)
	}
	image := sdk.Image{Width: 1 << 20, Height: 1, RGB: make([]byte, 3<<20)}
	if got := len(p.Apply(image)); got != 3*32*32 {
		t.Errorf("%d values", got)
	}
}

// load reads a configuration file with the given content.
func load(t *testing.T, content string) (*Preprocessor, error) {
	t.Helper()
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, configFile), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return Load(directory)
}

func TestConfig(t *testing.T) {
	image := sdk.Image{Width: 300, Height: 500, RGB: make([]byte, 3*300*500)}
	for content, side := range map[string]int{
		`{}`: 224,
		`{"size": {"shortest_edge": 40}, "crop_size": {"height": 30, "width": 30}}`:                                                  30,
		`{"size": {"height": 20, "width": 20}, "do_center_crop": false, "image_processor_type": "CLIPImageProcessor"}`:               20,
		`{"size": 64, "crop_size": 64, "processor_class": "CLIPProcessor", "do_convert_rgb": true, "rescale_factor": 0.00392156862}`: 64,
	} {
		p, err := load(t, content)
		if err != nil {
			t.Errorf("%s: %v", content, err)
			continue
		}
		if got := p.Apply(image); len(got) != 3*side*side {
			t.Errorf("%s: %d values", content, len(got))
		}
	}
	p, err := load(t, `{"do_normalize": false, "size": 1, "crop_size": 1}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Apply(sdk.Image{Width: 1, Height: 1, RGB: []byte{0, 51, 255}}); got[0] != 0 || got[1] != 0.2 || got[2] != 1 {
		t.Errorf("not normalized: %v", got)
	}
}

func TestMistakes(t *testing.T) {
	for content, want := range map[string][]string{
		`{"resample": 2, "do_resize": false, "do_rescale": false}`: {"resample is 2", "do_resize", "do_rescale"},
		`{"image_processor_type": "SiglipImageProcessor"}`:         {"SiglipImageProcessor"},
		`{"feature_extractor_type": "ViTFeatureExtractor"}`:        {"ViTFeatureExtractor"},
		`{"size": {"longest_edge": 5, "shortest_edge": 5}}`:        {"size is"},
		`{"size": {"height": 5}}`:                                  {"size is"},
		`{"size": 0}`:                                              {"size is 0"},
		`{"size": 1000000000}`:                                     {"size is"},
		`{"size": "large"}`:                                        {"size is"},
		`{"size": 100}`:                                            {"larger than size"},
		`{"crop_size": {"height": -1, "width": 5}}`:                {"crop_size is"},
		`{"do_center_crop": false}`:                                {"do_center_crop is false"},
		`{"image_std": [1, 0, 1]}`:                                 {"image_std"},
		`{"image_mean": [1]}`:                                      {"image_mean"},
		`{"resample": "cubic"}`:                                    {"resample"},
		`{`:                                                        {configFile},
	} {
		_, err := load(t, content)
		if err == nil {
			t.Errorf("%s: it is read", content)
			continue
		}
		for _, w := range append(want, configFile) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q does not say %q", content, err, w)
			}
		}
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "No "+configFile) {
		t.Errorf("missing file: %v", err)
	}
}
