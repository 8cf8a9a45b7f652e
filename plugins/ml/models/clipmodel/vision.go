package clipmodel

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// VisionStates are what the image tower makes of images, each [batch, 1 +
// patches, width]; the class token comes first.
type VisionStates struct {
	Embeddings *Node   // of class and patches, with their positions
	Hidden     []*Node // the same normalized, and then the output of each layer
}

// States builds the image tower: pixels [batch, channels, size, size] -> its
// states (Dosovitskiy et al. 2021, section 3.1, with a norm in front).
func (v Vision) States(p nn.Params, pixels *Node) VisionStates {
	pixels.AssertDims(-1, v.Channels, v.ImageSize, v.ImageSize)
	g, batch := pixels.Graph(), pixels.Shape().Dimensions[0]
	p = p.In("vision_model")
	embeddings := p.In("embeddings")
	x := TransposeAllAxes(pixels, 0, 2, 3, 1) // [batch, size, size, channels]
	x = nn.Patches(embeddings.In("patch_embedding"), x, v.PatchSize, v.Width, nn.FanIn(1))
	class := embeddings.Weight(g, "class_embedding", nn.Normal(initial), v.Width)
	x = Concatenate([]*Node{BroadcastToDims(Reshape(class, 1, 1, v.Width), batch, 1, v.Width), x}, 1)
	tokens := v.Patches() + 1
	positions := embeddings.In("position_embedding").Weight(g, "weight", nn.Normal(initial), tokens, v.Width)
	x = Add(x, BroadcastToDims(ExpandAxes(positions, 0), batch, tokens, v.Width))
	return VisionStates{
		Embeddings: x,
		Hidden:     v.layers(p, v.normalize(p.In("pre_layrnorm"), x), nil),
	}
}

// Pooled is the class token, normalized: hidden [batch, 1 + patches, width] ->
// [batch, width].
func (v Vision) Pooled(p nn.Params, hidden *Node) *Node {
	batch := hidden.Shape().Dimensions[0]
	class := Reshape(Slice(hidden, AxisRange(), AxisRange(0, 1)), batch, v.Width)
	return v.normalize(p.In("vision_model.post_layernorm"), class)
}

// ImageEmbeddings builds the embeddings of images: pixels [batch, channels,
// size, size] -> [batch, projection], not normalized.
func (c Config) ImageEmbeddings(p nn.Params, pixels *Node) *Node {
	states := c.Vision.States(p, pixels).Hidden
	pooled := c.Vision.Pooled(p, states[len(states)-1])
	return nn.Linear(p.In("visual_projection"), pooled, c.Projection, nn.FanIn(1))
}
