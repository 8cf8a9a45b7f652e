package clipmodel

import (
	"strconv"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// layers builds a tower's layers: [batch, tokens, width] -> one such after each
// layer, first the input. mask is nn.Attend's.
func (t Tower) layers(p nn.Params, x, mask *Node) []*Node {
	x.AssertDims(-1, -1, t.Width)
	states := []*Node{x}
	for i := range t.Layers {
		x = t.layer(p.In("encoder.layers."+strconv.Itoa(i)), x, mask)
		states = append(states, x)
	}
	return states
}

// layer is a transformer's layer with its norms in front (Radford et al. 2019,
// section 2.3): [batch, tokens, width] -> [batch, tokens, width].
func (t Tower) layer(p nn.Params, x, mask *Node) *Node {
	// 1. x + attention(norm(x))
	y := t.normalize(p.In("layer_norm1"), x)
	attention := p.In("self_attn")
	query := dense(attention.In("q_proj"), y, t.Width)
	key := dense(attention.In("k_proj"), y, t.Width)
	value := dense(attention.In("v_proj"), y, t.Width)
	mixed := nn.Attend(query, key, value, t.Heads, mask)
	x = Add(x, dense(attention.In("out_proj"), mixed, t.Width))
	// 2. x + feed-forward(norm(x))
	y = t.normalize(p.In("layer_norm2"), x)
	y = dense(p.In("mlp.fc1"), y, t.Hidden) // [batch, tokens, hidden]
	if t.Activation == "quick_gelu" {
		y = nn.QuickGELU(y)
	} else {
		y = nn.GELU(y)
	}
	return Add(x, dense(p.In("mlp.fc2"), y, t.Width))
}

func (t Tower) normalize(p nn.Params, x *Node) *Node { return nn.LayerNormWith(p, x, t.Epsilon) }

// dense is a linear layer with a bias.
func dense(p nn.Params, x *Node, out int) *Node { return nn.Dense(p, x, out, nn.FanIn(1)) }
