package preprocess

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
)

// configFile is the name that Hugging Face's processors write.
const configFile = "preprocessor_config.json"

// wholeFile is what transformers 5 writes of a processor of images and texts; what
// was configFile is a part of it.
const wholeFile = "processor_config.json"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// largest side of a preprocessed image, in pixels; more is a mistake in the file.
const largest = 1 << 14

// settings are preprocessor_config.json. What is absent has the value that
// CLIPImageProcessor takes then.
type settings struct {
	Type      string          `json:"image_processor_type"`
	OldType   string          `json:"feature_extractor_type"`
	Resize    bool            `json:"do_resize"`
	Size      json.RawMessage `json:"size"` // 224, {"shortest_edge": 224} or {"height": 224, "width": 224}
	Resample  int             `json:"resample"`
	Crop      bool            `json:"do_center_crop"`
	CropSize  json.RawMessage `json:"crop_size"` // 224 or {"height": 224, "width": 224}
	Rescale   bool            `json:"do_rescale"`
	Factor    float64         `json:"rescale_factor"`
	Normalize bool            `json:"do_normalize"`
	Mean      []float64       `json:"image_mean"`
	Deviation []float64       `json:"image_std"`
}

// processors are the classes that work as this package does.
var processors = []string{"", "CLIPImageProcessor", "CLIPFeatureExtractor", "CLIPImageProcessorFast", "CLIPImageProcessorPil"}

// pillowBicubic is the number of the filter in Pillow.
const pillowBicubic = 3

// Load reads preprocessor_config.json in directory; or, if that is not there, the
// part of processor_config.json that says the same.
func Load(directory string) (*Preprocessor, error) {
	path, part := filepath.Join(directory, configFile), ""
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if whole := filepath.Join(directory, wholeFile); exists(whole) {
			path, part = whole, "image_processor"
		}
	}
	return config.Read(path, func(text []byte) (*Preprocessor, error) {
		within := ""
		if part != "" {
			parts := map[string]json.RawMessage{}
			if err := json.Unmarshal(text, &parts); err != nil {
				return nil, err
			}
			if text, within = parts[part], part+"."; text == nil {
				return nil, fmt.Errorf("%q is missing, which says how images are prepared", part)
			}
		}
		c := settings{
			Resize: true, Size: json.RawMessage(`224`), Resample: pillowBicubic,
			Crop: true, CropSize: json.RawMessage(`224`),
			Rescale: true, Factor: 1. / 255,
			Normalize: true, Mean: []float64{0.48145466, 0.4578275, 0.40821073}, Deviation: []float64{0.26862954, 0.26130258, 0.27577711},
		}
		if err := config.Decode(text, &c, config.Rules{Others: true, Within: within}); err != nil {
			return nil, err
		}
		return c.preprocessor()
	})
}

// preprocessor checks the settings and lists all that is wrong with them.
func (c settings) preprocessor() (*Preprocessor, error) {
	var mistakes config.Mistakes
	if !slices.Contains(processors, c.Type) {
		mistakes.Addf("image_processor_type is %q, a processor of CLIP is needed.", c.Type)
	}
	if !slices.Contains(processors, c.OldType) {
		mistakes.Addf("feature_extractor_type is %q, a processor of CLIP is needed.", c.OldType)
	}
	if !c.Resize {
		mistakes.Addf("do_resize is false: images must be resized, as they come in any size.")
	}
	if !c.Rescale {
		mistakes.Addf("do_rescale is false: images are bytes, and must be rescaled.")
	}
	if c.Resample != pillowBicubic {
		mistakes.Addf("resample is %d, only 3 (bicubic) is supported.", c.Resample)
	}
	p := &Preprocessor{}
	var ok bool
	if p.resize, p.shortest, ok = sides(c.Size); !ok {
		mistakes.Addf("size is %s; it must be a whole number, {shortest_edge} or {height, width}, of 1 to %d pixels.", c.Size, largest)
	}
	p.crop = p.resize
	if c.Crop {
		var square int
		if p.crop, square, ok = sides(c.CropSize); !ok {
			mistakes.Addf("crop_size is %s; it must be a whole number or {height, width}, of 1 to %d pixels.", c.CropSize, largest)
		} else if square > 0 {
			p.crop = size{square, square}
		}
		smallest := p.resize
		if p.shortest > 0 {
			smallest = size{p.shortest, p.shortest}
		}
		if p.crop.height > smallest.height || p.crop.width > smallest.width {
			mistakes.Addf("crop_size %s is larger than size %s: there would be a border.", c.CropSize, c.Size)
		}
	} else if p.shortest > 0 {
		mistakes.Addf("do_center_crop is false: with size %s images would differ in shape.", c.Size)
	}
	if !c.Normalize {
		c.Mean, c.Deviation = []float64{0, 0, 0}, []float64{1, 1, 1}
	}
	if len(c.Mean) != channels || len(c.Deviation) != channels || slices.Contains(c.Deviation, 0) {
		mistakes.Addf("image_mean is %v and image_std %v; each must hold 3 numbers, those of image_std not 0.", c.Mean, c.Deviation)
	}
	if len(mistakes) > 0 {
		return nil, mistakes.Err()
	}
	for channel := range p.pixels {
		for value := range p.pixels[channel] {
			p.pixels[channel][value] = float32((float64(value)*c.Factor - c.Mean[channel]) / c.Deviation[channel])
		}
	}
	return p, nil
}

// sides reads a size: both sides, or the shortest one.
func sides(raw json.RawMessage) (both size, shortest int, ok bool) {
	possible := func(n int) bool { return n >= 1 && n <= largest }
	if json.Unmarshal(raw, &shortest) == nil {
		return size{}, shortest, possible(shortest)
	}
	shortest = 0
	var named struct {
		Shortest *int `json:"shortest_edge"`
		Height   *int `json:"height"`
		Width    *int `json:"width"`
		Longest  *int `json:"longest_edge"`
	}
	if json.Unmarshal(raw, &named) != nil || named.Longest != nil {
		return size{}, 0, false
	}
	switch {
	case named.Shortest != nil && named.Height == nil && named.Width == nil:
		return size{}, *named.Shortest, possible(*named.Shortest)
	case named.Shortest == nil && named.Height != nil && named.Width != nil:
		return size{*named.Height, *named.Width}, 0, possible(*named.Height) && possible(*named.Width)
	}
	return size{}, 0, false
}
