package unet

import (
	"encoding/json"
	"errors"
	"path/filepath"

	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
)

// Class is what diffusers calls the network.
const Class = "UNet2DConditionModel"

// Kinds of blocks.
const (
	crossDown = "CrossAttnDownBlock2D"
	plainDown = "DownBlock2D"
	crossUp   = "CrossAttnUpBlock2D"
	plainUp   = "UpBlock2D"
)

// Config gives the sizes of the network, as in its config.json.
type Config struct {
	InChannels      int      `json:"in_channels"`
	OutChannels     int      `json:"out_channels"`
	Channels        []int    `json:"block_out_channels"` // of the down blocks, from the finest
	DownBlocks      []string `json:"down_block_types"`
	UpBlocks        []string `json:"up_block_types"`
	LayersPerBlock  int      `json:"layers_per_block"` // of a down block; an up block has one more
	CrossWidth      int      `json:"cross_attention_dim"`
	Heads           Heads    `json:"attention_head_dim"`
	NormGroups      int      `json:"norm_num_groups"`
	NormEpsilon     float64  `json:"norm_eps"`
	LinearTransform bool     `json:"use_linear_projection"` // proj_in and proj_out are matrices, not 1x1 kernels

	// What does not change the network.
	SampleSize Size            `json:"sample_size"`      // of the latents that it was trained on
	Upcast     json.RawMessage `json:"upcast_attention"` // we compute in float32 anyhow
	Dropout    json.RawMessage `json:"dropout"`          // of training from scratch
}

// Heads are the attention heads of each down block. The key's name in
// config.json misleads: in models of this family attention_head_dim is the
// number of heads, not their width.
type Heads []int

// UnmarshalJSON reads one number for all blocks, or a list of one each.
func (h *Heads) UnmarshalJSON(text []byte) error {
	var one int
	if json.Unmarshal(text, &one) == nil {
		*h = Heads{one}
		return nil
	}
	var each []int
	if err := json.Unmarshal(text, &each); err != nil {
		return errors.New("neither a number nor a list of numbers")
	}
	*h = each
	return nil
}

// Size of latents, in latents. The zero Size is unknown.
type Size struct{ Height, Width int }

// UnmarshalJSON reads one number for both sides, or a list of height and width.
func (s *Size) UnmarshalJSON(text []byte) error {
	var one int
	if json.Unmarshal(text, &one) == nil {
		*s = Size{one, one}
		return nil
	}
	var both []int
	if err := json.Unmarshal(text, &both); err != nil || len(both) != 2 {
		return errors.New("neither a number nor a height and a width")
	}
	*s = Size{both[0], both[1]}
	return nil
}

// of is the number of heads of the down block i.
func (h Heads) of(i int) int {
	if len(h) == 1 {
		return h[0]
	}
	return h[i]
}

// rules are what the network understands of a configuration. The keys with one
// value alone turn on what other families have.
var rules = config.Rules{
	ClassKey: "_class_name", Classes: []string{Class},
	Required: []string{"in_channels", "out_channels", "block_out_channels", "down_block_types", "up_block_types", "layers_per_block", "cross_attention_dim", "attention_head_dim"},
	PerBlock: []string{"layers_per_block", "cross_attention_dim", "transformer_layers_per_block", "only_cross_attention"}, Blocks: "down_block_types",
	Only: map[string]any{
		"act_fn": "silu", "center_input_sample": false, "flip_sin_to_cos": true, "freq_shift": 0,
		"downsample_padding": 1, "mid_block_scale_factor": 1, "mid_block_type": "UNetMidBlock2DCrossAttn",
		"only_cross_attention": false, "mid_block_only_cross_attention": false, "dual_cross_attention": false, "transformer_layers_per_block": 1,
		"resnet_time_scale_shift": "default", "resnet_skip_time_act": false, "resnet_out_scale_factor": 1,
		"time_embedding_type": "positional", "conv_in_kernel": 3, "conv_out_kernel": 3,
		"attention_type": "default", "class_embeddings_concat": false, "addition_embed_type_num_heads": 64,
		// Null alone: nothing else is known of them.
		"num_attention_heads": nil, "class_embed_type": nil, "num_class_embeds": nil, "addition_embed_type": nil,
		"addition_time_embed_dim": nil, "encoder_hid_dim": nil, "encoder_hid_dim_type": nil,
		"projection_class_embeddings_input_dim": nil, "reverse_transformer_layers_per_block": nil,
		"time_embedding_dim": nil, "time_embedding_act_fn": nil, "timestep_post_act": nil, "time_cond_proj_dim": nil,
		"cross_attention_norm": nil,
	},
}

// ReadConfig reads the config.json in a directory.
func ReadConfig(directory string) (Config, error) {
	return config.Read(filepath.Join(directory, "config.json"), func(text []byte) (Config, error) {
		c := Config{NormGroups: 32, NormEpsilon: 1e-5} // where the file is silent
		if err := config.Decode(text, &c, rules); err != nil {
			return Config{}, err
		}
		return c, c.check()
	})
}

// check refuses sizes of which no network can be built.
func (c Config) check() error {
	blocks := len(c.Channels)
	var wrong config.Mistakes
	for _, size := range []struct {
		key   string
		value int
	}{
		{"in_channels", c.InChannels}, {"out_channels", c.OutChannels}, {"layers_per_block", c.LayersPerBlock},
		{"cross_attention_dim", c.CrossWidth}, {"norm_num_groups", c.NormGroups}, {"block_out_channels", blocks},
	} {
		if size.value < 1 {
			wrong.Addf("%q must be at least 1 and is %d", size.key, size.value)
		}
	}
	if len(c.DownBlocks) != blocks || len(c.UpBlocks) != blocks {
		wrong.Addf("there are %d block_out_channels, %d down_block_types and %d up_block_types: they must be as many", blocks, len(c.DownBlocks), len(c.UpBlocks))
	}
	for _, kind := range c.DownBlocks {
		if kind != crossDown && kind != plainDown {
			wrong.Addf("%q has a %q: supported are %s and %s", "down_block_types", kind, crossDown, plainDown)
		}
	}
	for _, kind := range c.UpBlocks {
		if kind != crossUp && kind != plainUp {
			wrong.Addf("%q has a %q: supported are %s and %s", "up_block_types", kind, crossUp, plainUp)
		}
	}
	if len(c.Heads) != 1 && len(c.Heads) != blocks {
		wrong.Addf("%q has %d numbers for %d blocks", "attention_head_dim", len(c.Heads), blocks)
	}
	if len(wrong) > 0 {
		return wrong.Err()
	}
	for i, channels := range c.Channels {
		if channels < 1 || channels%c.NormGroups != 0 {
			wrong.Addf("block %d has %d channels, which norm_num_groups %d does not divide", i, channels, c.NormGroups)
		}
		if heads := c.Heads.of(i); heads < 1 || channels%heads != 0 {
			wrong.Addf("block %d has %d channels, which its %d attention heads do not divide", i, channels, heads)
		}
	}
	if len(wrong) == 0 && c.Channels[0]%2 != 0 {
		wrong.Addf("block 0 has %d channels: the timestep's embedding needs an even number", c.Channels[0])
	}
	return wrong.Err()
}
