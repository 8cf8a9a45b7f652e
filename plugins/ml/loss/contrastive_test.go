package loss

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// contrastive is CLIP's loss in plain Go: two cross-entropies.
func contrastive(images, texts, matches []float32, n, width int, logScale float64) float64 {
	scale := math.Min(math.Exp(logScale), 100)
	unit := func(rows []float32, i int) []float64 {
		var length float64
		for _, v := range rows[i*width : (i+1)*width] {
			length += float64(v) * float64(v)
		}
		var out []float64
		for _, v := range rows[i*width : (i+1)*width] {
			out = append(out, float64(v)/math.Sqrt(length))
		}
		return out
	}
	logits := make([][]float64, n)
	for i := range n {
		for j := range n {
			var dot float64
			for k, v := range unit(images, i) {
				dot += v * unit(texts, j)[k]
			}
			logits[i] = append(logits[i], scale*dot)
		}
	}
	var total float64
	for i := range n {
		var byImage, byText float64
		for j := range n {
			byImage += math.Exp(logits[i][j])
			byText += math.Exp(logits[j][i])
		}
		for j := range n {
			total -= float64(matches[i*n+j]) * (logits[i][j] - math.Log(byImage))
			total -= float64(matches[j*n+i]) * (logits[j][i] - math.Log(byText))
		}
	}
	return total / 2 / float64(n)
}

func TestContrastive(t *testing.T) {
	const width = 5
	for _, texts := range [][]string{{"a", "b", "c", "d"}, {"a", "b", "a", "c"}, {"a", "a", "a"}, {"a"}} {
		for _, logScale := range []float32{0, 2.5, 9} { // 9 is cut to log 100
			n := len(texts)
			images, vectors, matches := normal(1, n*width), normal(2, n*width), SameText(texts)
			got := compute(t, func(in []*Node) *Node { return Contrastive(in[0], in[1], in[2], in[3]) },
				tensors.FromFlatDataAndDimensions(images, n, width), tensors.FromFlatDataAndDimensions(vectors, n, width),
				tensors.FromFlatDataAndDimensions(matches, n, n), tensors.FromFlatDataAndDimensions([]float32{logScale}, 1))
			if want := contrastive(images, vectors, matches, n, width, float64(logScale)); len(got) != 1 || !close32(got[0], want) {
				t.Errorf("%v at scale e^%v: %v, want %v", texts, logScale, got, want)
			}
		}
	}
}

// TestContrastivePrefersMatches: vectors that say the same cost less than
// vectors that are mixed up, and lengths do not matter.
func TestContrastivePrefersMatches(t *testing.T) {
	images := []float32{1, 0, 0, 0, 2, 0, 0, 0, 3}
	mixed := []float32{0, 1, 0, 0, 0, 1, 1, 0, 0}
	matches := SameText([]string{"a", "b", "c"})
	of := func(texts []float32) float32 {
		return compute(t, func(in []*Node) *Node { return Contrastive(in[0], in[1], in[2], in[3]) },
			tensors.FromFlatDataAndDimensions(images, 3, 3), tensors.FromFlatDataAndDimensions(texts, 3, 3),
			tensors.FromFlatDataAndDimensions(matches, 3, 3), tensors.FromFlatDataAndDimensions([]float32{2.3}, 1))[0]
	}
	right, wrong := of([]float32{5, 0, 0, 0, 1, 0, 0, 0, 1}), of(mixed)
	if right > 0.01 || wrong < 5 {
		t.Errorf("matching vectors cost %v, mixed ones %v", right, wrong)
	}
}

func TestSameText(t *testing.T) {
	got := SameText([]string{"x", "y", "x"})
	if want := []float32{0.5, 0, 0.5, 0, 1, 0, 0.5, 0, 0.5}; !slices.Equal(got, want) {
		t.Errorf("matches %v, want %v", got, want)
	}
	if got := SameText(nil); len(got) != 0 {
		t.Errorf("no texts give %v", got)
	}
	texts := []string{"a", "b", "a", "c", "b", "a", "d"}
	n := len(texts)
	matches := SameText(texts)
	for i := range n {
		var sum float64
		for j := range n {
			sum += float64(matches[i*n+j])
			if matches[i*n+j] != matches[j*n+i] {
				t.Errorf("not symmetric at %d, %d", i, j)
			}
			if (matches[i*n+j] > 0) != (texts[i] == texts[j]) {
				t.Errorf("%q and %q match with %v", texts[i], texts[j], matches[i*n+j])
			}
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Errorf("row %d sums to %v", i, sum)
		}
	}
}
