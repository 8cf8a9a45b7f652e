package clipmodel

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// TextStates are what the text tower makes of sequences, each [batch, tokens,
// width].
type TextStates struct {
	// Hidden is the sum of token and position embeddings, and then the output
	// of each layer, before the final norm.
	Hidden []*Node
	// Last is the last of them after the final norm: the last_hidden_state that
	// a diffusion model attends to.
	Last *Node
}

// initial is the deviation of weights that are not loaded.
const initial = 0.02

// States builds the text tower: ids, int32 [batch, tokens] -> its states. A
// token sees only those before it.
func (t Text) States(p nn.Params, ids *Node) TextStates {
	ids.AssertRank(2)
	g, batch, tokens := ids.Graph(), ids.Shape().Dimensions[0], ids.Shape().Dimensions[1]
	p = p.In("text_model")
	table := p.In("embeddings.token_embedding").Weight(g, "weight", nn.Normal(initial), t.Vocabulary, t.Width)
	x := Gather(table, ExpandAxes(ids, -1)) // [batch, tokens, width]
	positions := p.In("embeddings.position_embedding").Weight(g, "weight", nn.Normal(initial), t.Positions, t.Width)
	positions = Slice(positions, AxisRange(0, tokens))
	x = Add(x, BroadcastToDims(ExpandAxes(positions, 0), batch, tokens, t.Width))
	states := t.layers(p, x, nn.CausalMask(g, tokens))
	return TextStates{
		Hidden: states,
		Last:   t.normalize(p.In("final_layer_norm"), states[len(states)-1]),
	}
}

// Pooled picks one token of each sequence: last [batch, tokens, width], ends,
// int32 [batch], their indices -> [batch, width].
func (t Text) Pooled(last, ends *Node) *Node {
	dims := last.Shape().Dimensions
	batch, tokens := dims[0], dims[1]
	rows := Reshape(last, batch*tokens, t.Width)
	starts := MulScalar(Iota(last.Graph(), ends.Shape(), 0), tokens)
	return Gather(rows, ExpandAxes(Add(starts, ends), -1))
}

// oldEnd is what eos_token_id is in older files. It is the id of no end token,
// and stands for the highest id of a sequence, which is how CLIP itself finds
// the end.
const oldEnd = 2

// EndsWith reports whether EndOf finds sequences' ends by the given end token.
func (t Text) EndsWith(end int32) bool { return t.End == oldEnd || t.End == int(end) }

// EndOf is the index of the token that stands for the whole sequence: the first
// end token.
func (t Text) EndOf(ids []int32) int32 {
	highest := 0 // the index of the highest id
	for i, id := range ids {
		if t.End == oldEnd && id > ids[highest] {
			highest = i
		}
		if t.End != oldEnd && int(id) == t.End {
			return int32(i)
		}
	}
	return int32(highest)
}

// TextEmbeddings builds the embeddings of sequences: ids, int32 [batch,
// tokens], and ends, int32 [batch] -> [batch, projection], not normalized.
func (c Config) TextEmbeddings(p nn.Params, ids, ends *Node) *Node {
	ends.AssertDims(ids.Shape().Dimensions[0])
	if ids.DType() != dtypes.Int32 || ends.DType() != dtypes.Int32 {
		panic("ids and ends must be int32")
	}
	pooled := c.Text.Pooled(c.Text.States(p, ids).Last, ends)
	return nn.Linear(p.In("text_projection"), pooled, c.Projection, nn.FanIn(1))
}
