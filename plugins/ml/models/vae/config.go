package vae

import (
	"encoding/json"
	"path/filepath"

	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
)

// Class is what diffusers calls the network.
const Class = "AutoencoderKL"

// The kinds of blocks.
const (
	downBlock = "DownEncoderBlock2D"
	upBlock   = "UpDecoderBlock2D"
)

// Config gives the sizes of the network, as in its config.json.
type Config struct {
	InChannels     int      `json:"in_channels"`
	OutChannels    int      `json:"out_channels"`
	LatentChannels int      `json:"latent_channels"`
	Channels       []int    `json:"block_out_channels"` // of the encoder's blocks, from the finest
	DownBlocks     []string `json:"down_block_types"`
	UpBlocks       []string `json:"up_block_types"`
	LayersPerBlock int      `json:"layers_per_block"` // of the encoder; the decoder has one more
	NormGroups     int      `json:"norm_num_groups"`
	// ScalingFactor takes latents to the unit variance that a diffusion model is
	// trained with: they are multiplied by it after encoding, divided before
	// decoding.
	ScalingFactor float64 `json:"scaling_factor"`

	// What does not change the network.
	SampleSize json.RawMessage `json:"sample_size"`  // images that it was trained on
	Upcast     json.RawMessage `json:"force_upcast"` // we compute in float32 anyhow
}

var rules = config.Rules{
	ClassKey: "_class_name", Classes: []string{Class},
	Required: []string{"in_channels", "out_channels", "latent_channels", "block_out_channels", "down_block_types", "up_block_types", "layers_per_block"},
	Only: map[string]any{
		"act_fn": "silu", "use_quant_conv": true, "use_post_quant_conv": true, "mid_block_add_attention": true,
		"shift_factor": nil, "latents_mean": nil, "latents_std": nil,
	},
}

// ReadConfig reads the config.json in a directory. Where it is silent about the
// scaling factor, that is Stable Diffusion v1's.
func ReadConfig(directory string) (Config, error) {
	return config.Read(filepath.Join(directory, "config.json"), func(text []byte) (Config, error) {
		c := Config{NormGroups: 32, ScalingFactor: 0.18215}
		if err := config.Decode(text, &c, rules); err != nil {
			return Config{}, err
		}
		return c, c.check()
	})
}

// check refuses sizes of which no network can be built.
func (c Config) check() error {
	var wrong config.Mistakes
	for _, size := range []struct {
		key   string
		value int
	}{
		{"in_channels", c.InChannels}, {"out_channels", c.OutChannels}, {"latent_channels", c.LatentChannels},
		{"layers_per_block", c.LayersPerBlock}, {"norm_num_groups", c.NormGroups}, {"block_out_channels", len(c.Channels)},
	} {
		if size.value < 1 {
			wrong.Addf("%q must be at least 1 and is %d", size.key, size.value)
		}
	}
	if len(c.DownBlocks) != len(c.Channels) || len(c.UpBlocks) != len(c.Channels) {
		wrong.Addf("there are %d block_out_channels, %d down_block_types and %d up_block_types: they must be as many", len(c.Channels), len(c.DownBlocks), len(c.UpBlocks))
	}
	for _, kind := range c.DownBlocks {
		if kind != downBlock {
			wrong.Addf("%q has a %q: supported is %s", "down_block_types", kind, downBlock)
		}
	}
	for _, kind := range c.UpBlocks {
		if kind != upBlock {
			wrong.Addf("%q has a %q: supported is %s", "up_block_types", kind, upBlock)
		}
	}
	for i, channels := range c.Channels {
		if c.NormGroups > 0 && (channels < 1 || channels%c.NormGroups != 0) {
			wrong.Addf("block %d has %d channels, which norm_num_groups %d does not divide", i, channels, c.NormGroups)
		}
	}
	if !(c.ScalingFactor > 0) {
		wrong.Addf("%q must be positive and is %v", "scaling_factor", c.ScalingFactor)
	}
	return wrong.Err()
}

// Factor is the number of pixels on a side of a latent.
func (c Config) Factor() int { return 1 << (len(c.Channels) - 1) }
