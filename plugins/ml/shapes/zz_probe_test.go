package shapes

import (
	"fmt"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

func TestProbe(t *testing.T) {
	config := tinyDenoiser()
	store := randomDenoiser(t, config)
	const n = 32
	one := make([]float32, imageValues)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range one {
		one[i] = float32(r.NormFloat64())
	}
	var all, ts, text []float32
	w := config.TextWidth()
	for range n {
		all = append(all, one...)
		ts = append(ts, 500)
		x := make([]float32, w)
		config.Text("two red stars", x)
		text = append(text, x...)
	}
	exec, err := model.NewExec(openBackend(t), store, func(_ *model.Scope, inputs []*Node) *Node {
		return config.Predict(nn.NewParams(store, 7), inputs[0], inputs[1], inputs[2])
	})
	if err != nil {
		t.Fatal(err)
	}
	var first []float32
	for run := range 12 {
		out, err := exec.Exec(patchTensor(append([]float32{}, all...), n), tensors.FromFlatDataAndDimensions(append([]float32{}, ts...), n), tensors.FromFlatDataAndDimensions(append([]float32{}, text...), n, w))
		if err != nil {
			t.Fatal(err)
		}
		got := tensors.MustCopyFlatData[float32](out[0])
		if first == nil {
			first = got
		}
		var rows, runs []int
		for i := range n {
			d, e := 0, 0
			for j := range imageValues {
				if got[i*imageValues+j] != got[j] {
					d++
				}
				if got[i*imageValues+j] != first[i*imageValues+j] {
					e++
				}
			}
			rows, runs = append(rows, d), append(runs, e)
		}
		fmt.Println(run, "vs image 0:", rows, "vs run 0:", runs)
	}
}
