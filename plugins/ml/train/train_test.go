package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// network is a job with every kind of layer that the models have, on [4, 9, 6].
func network(t *testing.T, store *model.Store) *Loop {
	const batch, tokens, width = 4, 9, 6
	return &Loop{
		Backend: openBackend(t), Store: store, Identity: "job",
		Steps: 9, Optimizer: Optimizer{
			LearningRate: 0.01, WarmupSteps: 2, Schedule: "cosine", WeightDecay: 0.01,
			Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, GradientClipNorm: 1, EMADecay: 0.9,
		},
		Batch: func(step int) ([]any, error) {
			random := rand.New(rand.NewPCG(1, uint64(step)))
			x := make([]float32, batch*tokens*width)
			for i := range x {
				x[i] = float32(random.NormFloat64())
			}
			return []any{tensors.FromFlatDataAndDimensions(x, batch, tokens, width)}, nil
		},
		Loss: func(inputs []*Node) (*Node, []*Node) {
			p := nn.NewParams(store, 3)
			x := nn.Dense(p.In("in"), inputs[0], width, nn.FanIn(2))
			x = nn.SelfAttention(p.In("attention"), nn.LayerNorm(p.In("norm"), x), 2, nn.FanIn(1))
			x = nn.ReLU(nn.Conv3x3(p.In("conv"), Reshape(x, batch, 3, 3, width), width, nn.FanIn(2)))
			difference := Sub(Reshape(x, batch, tokens, width), inputs[0])
			return ReduceAllMean(Mul(difference, difference)), nil
		},
	}
}

func ignore(sdk.Progress) error { return nil }

// everything is the content of a store, optimizer state included.
func everything(store *model.Store) map[string]safetensors.Tensor {
	all := map[string]safetensors.Tensor{}
	for v := range store.IterVariables() {
		all[v.Path()] = tensorOf(v)
	}
	return all
}

// TestResume: a loop that was stopped after any step and asked again ends with
// the same bits as one that was left alone.
func TestResume(t *testing.T) {
	undisturbed := model.NewStore()
	var curve []float64
	loop := network(t, undisturbed)
	if err := loop.Run(context.Background(), func(p sdk.Progress) error {
		curve = append(curve, p.Values["loss"])
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := everything(undisturbed)
	scratch := t.TempDir()
	var got []float64
	var steps []int
	for start := range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		loop := network(t, model.NewStore())
		loop.Scratch, loop.SaveEvery = scratch, time.Nanosecond
		again, before := 0, len(got)
		err := loop.Run(ctx, func(p sdk.Progress) error {
			if again < before { // what was done before is reported again
				if p.Step != again+1 || p.Values["loss"] != got[again] || p.Steps != loop.Steps {
					t.Errorf("start %d reports %v, before it was %v", start, p, got[again])
				}
				again++
				return nil
			}
			if p.Step != len(got)+1 {
				t.Errorf("start %d goes on at step %d, want %d", start, p.Step, len(got)+1)
			}
			got, steps = append(got, p.Values["loss"]), append(steps, p.Step)
			if p.Step%4 == 0 { // after steps 4 and 8
				cancel()
			}
			return nil
		})
		cancel()
		if start < 2 {
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("a cancelled loop returns %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if after := everything(loop.Store); !reflect.DeepEqual(after, want) {
			t.Error("the weights of an interrupted loop differ")
		}
	}
	if !slices.Equal(got, curve) {
		t.Errorf("losses %v, undisturbed %v", got, curve)
	}
	if !slices.Equal(steps, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("steps %v: each of 9 must be done once", steps)
	}
}

// A job in three parts, each in a store and scratch of its own, gives the weights, the
// curve and the states of one.
func TestParted(t *testing.T) {
	run := func(until int, state, resume, scratch string) (map[string]safetensors.Tensor, []float64) {
		loop := network(t, model.NewStore())
		loop.Until, loop.State, loop.Resume, loop.Scratch = until, state, resume, scratch
		loop.Identity = scratch // that of a job on another machine is another: paths are in it
		var curve []float64
		if err := loop.Run(context.Background(), func(p sdk.Progress) error {
			curve = append(curve, p.Values["loss"])
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return everything(loop.Store), curve
	}
	want, losses := run(0, "", "", "")
	third, seventh, direct := t.TempDir(), t.TempDir(), t.TempDir()
	run(3, third, "", t.TempDir())
	run(7, seventh, third, t.TempDir())
	got, curve := run(0, "", seventh, "")
	if !reflect.DeepEqual(got, want) {
		t.Error("the weights of a job in parts differ")
	}
	if !slices.Equal(curve, losses) {
		t.Errorf("losses %v, in one %v", curve, losses)
	}
	run(7, direct, "", "")
	if a, b := contentOf(t, seventh), contentOf(t, direct); !reflect.DeepEqual(a, b) {
		t.Error("the state after seven steps depends on where the job was parted")
	}
}

// contentOf is the files of a directory by name.
func contentOf(t *testing.T, directory string) map[string]string {
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]string{}
	for _, entry := range entries {
		bytes, err := os.ReadFile(filepath.Join(directory, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		content[entry.Name()] = string(bytes)
	}
	return content
}

func TestResumeFromNothing(t *testing.T) {
	loop := network(t, model.NewStore())
	loop.Resume = t.TempDir()
	if err := loop.Run(context.Background(), ignore); err == nil || !strings.Contains(err.Error(), "there is no state.safetensors") {
		t.Errorf("from an empty directory: %v", err)
	}
}

// TestStateThatDoesNotFit is not used: the loop starts anew, as if it was not
// there.
func TestStateThatDoesNotFit(t *testing.T) {
	scratch := t.TempDir()
	path := filepath.Join(scratch, stateFile)
	loop := network(t, model.NewStore())
	loop.Steps = 3
	loop.Scratch, loop.SaveEvery = scratch, time.Nanosecond
	if err := loop.Run(context.Background(), ignore); err != nil {
		t.Fatal(err)
	}
	sealedPath, err := sealed.Find(path)
	if err != nil || sealedPath == "" {
		t.Fatal(sealedPath, err)
	}
	saved, err := safetensors.Read(sealedPath)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(sealedPath)
	if err != nil {
		t.Fatal(err)
	}
	altered := func(alter func(*safetensors.File)) []byte {
		file, err := safetensors.Decode(content)
		if err != nil {
			t.Fatal(err)
		}
		alter(file)
		text, err := file.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	const weight = "/in.weight"
	for name, test := range map[string]struct {
		content []byte
		want    int
	}{
		"as it was":      {content, 3},
		"truncated":      {content[:len(content)-1], 0},
		"empty":          {nil, 0},
		"another job":    {altered(func(f *safetensors.File) { f.Metadata["identity"] = "other" }), 0},
		"no step":        {altered(func(f *safetensors.File) { delete(f.Metadata, "step") }), 0},
		"step before 0":  {altered(func(f *safetensors.File) { f.Metadata["step"] = "-1" }), 0},
		"another shape":  {altered(func(f *safetensors.File) { f.Tensors[weight] = safetensors.Tensor{Dims: []int{1}, Data: []float32{9}} }), 0},
		"another weight": {altered(func(f *safetensors.File) { f.Tensors[weight].Data[0]++ }), 3},
	} {
		t.Run(name, func(t *testing.T) {
			if err := errors.Join(os.WriteFile(path, test.content, 0o644), sealed.Seal(path)); err != nil {
				t.Fatal(err)
			}
			store := model.NewStore()
			for other, tensor := range saved.Tensors { // all but one are there already
				if other != "/conv.weight" {
					if err := setVariable(store, other, safetensors.Tensor{Dims: tensor.Dims, Data: make([]float32, len(tensor.Data))}, !isState(other)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := restore(t.Context(), store, scratch, "job").steps; got != test.want {
				t.Errorf("goes on after step %d, want %d", got, test.want)
			}
			changed := slices.ContainsFunc(tensorOf(store.GetVariable(weight)).Data, func(v float32) bool { return v != 0 })
			if changed != (test.want > 0) {
				t.Errorf("weights changed: %v", changed)
			}
		})
	}
	if got := restore(t.Context(), model.NewStore(), t.TempDir(), "job").steps; got != 0 {
		t.Errorf("without a file it goes on after step %d", got)
	}

	// A bit that flips anywhere is told, and the state is gone.
	for _, at := range []int{0, 100, len(content) / 2, len(content) - 1} {
		if err := errors.Join(os.WriteFile(path, content, 0o644), sealed.Seal(path)); err != nil {
			t.Fatal(err)
		}
		spoiled := slices.Clone(content)
		spoiled[at] ^= 4
		if err := os.WriteFile(sealedPath, spoiled, 0o644); err != nil {
			t.Fatal(err)
		}
		var said []string
		ctx := sdk.WithRepairs(t.Context(), func(text string) { said = append(said, text) })
		for range 2 {
			if got := restore(ctx, model.NewStore(), scratch, "job").steps; got != 0 {
				t.Errorf("with a bit of byte %d flipped it goes on after step %d", at, got)
			}
		}
		if len(said) != 1 || !strings.Contains(said[0], path) {
			t.Errorf("it says %q", said)
		}
	}
}

// TestSaveEveryByDefault: a save may take a twentieth of the time.
func TestSaveEveryByDefault(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{0: time.Second, 40 * time.Millisecond: time.Second, 500 * time.Millisecond: 10 * time.Second, time.Minute: 45 * time.Second} {
		if got := (&Loop{}).saveEvery(took); got != want {
			t.Errorf("after a save of %v the next comes after %v, want %v", took, got, want)
		}
	}
	if got := (&Loop{SaveEvery: 7}).saveEvery(time.Hour); got != 7 {
		t.Errorf("what is set becomes %v", got)
	}
}

// TestSaveEvery: nothing is saved before it is time.
func TestSaveEvery(t *testing.T) {
	scratch := t.TempDir()
	loop := network(t, model.NewStore())
	loop.Scratch, loop.Steps = scratch, 2
	if err := loop.Run(context.Background(), ignore); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("a short job leaves %v, %v", left, err)
	}
}

// TestDeterminism: the weights do not depend on how many processors there are,
// nor on the run.
func TestDeterminism(t *testing.T) {
	var want map[string]safetensors.Tensor
	for _, processors := range []int{1, 2, 2, 5} {
		before := runtime.GOMAXPROCS(processors)
		store := model.NewStore()
		err := network(t, store).Run(context.Background(), ignore)
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		got := everything(store)
		if want == nil {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("other weights with %d processors", processors)
		}
	}
}

func TestDiverged(t *testing.T) {
	loop := network(t, model.NewStore())
	good := loop.Batch
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), 1e30} {
		reports := 0
		loop.Store = model.NewStore()
		loop.Batch = func(step int) ([]any, error) {
			batch, err := good(step)
			if step == 3 {
				batch[0].(*tensors.Tensor).MustMutableFlatData(func(flat any) { flat.([]float32)[5] = bad })
			}
			return batch, err
		}
		loop.Loss = network(t, loop.Store).Loss
		err := loop.Run(context.Background(), func(sdk.Progress) error { reports++; return nil })
		var told sdk.Diagnostic
		if !errors.As(err, &Diverged{}) || !errors.As(err, &told) {
			t.Fatalf("an input of %v gives %v", bad, err)
		}
		for _, want := range []string{"step 4 of 9", "learning_rate", "a step earlier the loss was"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %q", err, want)
			}
		}
		if reports != 3 {
			t.Errorf("%d steps were reported, want 3", reports)
		}
	}
}

func TestRunStops(t *testing.T) {
	stop := errors.New("stop")
	loop := network(t, model.NewStore())
	if err := loop.Run(context.Background(), func(sdk.Progress) error { return stop }); err != stop {
		t.Errorf("when the report fails: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := loop.Run(ctx, func(sdk.Progress) error { t.Error("a step was done"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("when cancelled before the start: %v", err)
	}
	loop.Batch = func(int) ([]any, error) { return nil, stop }
	if err := loop.Run(context.Background(), ignore); err != stop {
		t.Errorf("when there is no batch: %v", err)
	}
	broken := network(t, model.NewStore())
	broken.Loss = func([]*Node) (*Node, []*Node) { panic(stop) }
	if err := broken.Run(context.Background(), ignore); err == nil || !strings.Contains(err.Error(), "training step 1") {
		t.Errorf("when the loss cannot be built: %v", err)
	}
}

// TestParts: a step in parts has the gradients, and leaves the weights, of the
// whole step: float32 sums in another order.
func TestParts(t *testing.T) {
	run := func(parts int) (store *model.Store, losses, norms []float64) {
		store = model.NewStore()
		loop := network(t, store)
		loop.Steps, loop.Optimizer.WarmupSteps, loop.Optimizer.LearningRate = 4, 0, 1e-3
		whole := loop.Batch
		if parts > 1 {
			loop.Batch, loop.Parts = nil, parts
			loop.Part = func(step, part int) ([]any, error) {
				inputs, err := whole(step)
				if err != nil {
					return nil, err
				}
				flat := tensors.MustCopyFlatData[float32](inputs[0].(*tensors.Tensor))
				size := len(flat) / parts
				return []any{tensors.FromFlatDataAndDimensions(flat[part*size:(part+1)*size], 4/parts, 9, 6)}, nil
			}
		}
		loop.Loss = func(inputs []*Node) (*Node, []*Node) {
			p := nn.NewParams(store, 3)
			batch := inputs[0].Shape().Dimensions[0]
			x := nn.Dense(p.In("in"), inputs[0], 6, nn.FanIn(2))
			x = nn.SelfAttention(p.In("attention"), nn.LayerNorm(p.In("norm"), x), 2, nn.FanIn(1))
			difference := Sub(x, inputs[0])
			each := ReduceMean(Reshape(Mul(difference, difference), batch, -1), 1)
			return MulScalar(ReduceAllSum(each), 0.25), []*Node{each}
		}
		loop.Values = func(_ int, values [][]float32) map[string]float64 {
			sum, count := 0.0, 0
			for _, part := range values {
				for _, v := range part {
					sum, count = sum+float64(v), count+1
				}
			}
			if count != 4 || len(values) != max(parts, 1) {
				t.Errorf("%d parts record %d values in %d lists", parts, count, len(values))
			}
			return map[string]float64{"mean": sum / 4}
		}
		if err := loop.Run(context.Background(), func(p sdk.Progress) error {
			losses, norms = append(losses, p.Values["loss"]), append(norms, p.Values["gradient_norm"])
			if d := math.Abs(p.Values["mean"] - p.Values["loss"]); d > 1e-5 {
				t.Errorf("%d parts: the mean of the losses is %v off the objective", parts, d)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return store, losses, norms
	}
	want, losses, norms := run(1)
	for _, parts := range []int{2, 4} {
		got, otherLosses, otherNorms := run(parts)
		for i := range losses {
			if math.Abs(losses[i]-otherLosses[i]) > 1e-5*losses[i] || math.Abs(norms[i]-otherNorms[i]) > 1e-5*norms[i] {
				t.Errorf("%d parts, step %d: loss %v and gradient norm %v, whole %v and %v", parts, i+1, otherLosses[i], otherNorms[i], losses[i], norms[i])
			}
		}
		worst, weights := 0.0, Tensors(want)
		for name, tensor := range Tensors(got) {
			for i, v := range tensor.Data {
				worst = math.Max(worst, math.Abs(float64(v-weights[name].Data[i])))
			}
		}
		t.Logf("%d parts: weights differ by at most %.1e after 4 steps", parts, worst)
		if worst > 1e-5 {
			t.Errorf("%d parts: a weight differs by %v", parts, worst)
		}
	}
}
