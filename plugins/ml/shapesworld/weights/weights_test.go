package weights

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/shapesworld"
	"github.com/plumb-ml/plumb/plugins/ml/train"
)

// load reads a model into a store; its weights must be numbers.
func load(t *testing.T, name string, config any) *model.Store {
	t.Helper()
	file, err := Read(name, config)
	if err != nil {
		t.Fatal(err)
	}
	for path, tensor := range file.Tensors {
		for _, v := range tensor.Data {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Fatalf("%s: weight %q holds %v", name, path, v)
			}
		}
	}
	store, err := train.Weights(file)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// names lists a store's weights, sorted.
func names(store *model.Store) []string {
	var paths []string
	for v := range store.IterVariables() {
		paths = append(paths, v.Path())
	}
	slices.Sort(paths)
	return paths
}

// TestDenoiser: the file has the weights that its configuration needs, and no
// others.
func TestDenoiser(t *testing.T) {
	backend := backendstest.Backend(t)
	var config shapesworld.DenoiserConfig
	store := load(t, "denoiser", &config)
	if !slices.Equal(config.Vocabulary, shapesworld.Vocabulary) {
		t.Errorf("its vocabulary is %v", config.Vocabulary)
	}
	predict := func(p nn.Params, store *model.Store) []float32 {
		exec, err := model.NewExec(backend, store, func(_ *model.Scope, inputs []*Node) *Node {
			return config.Predict(p, inputs[0], inputs[1], inputs[2])
		})
		if err != nil {
			t.Fatal(err)
		}
		defer exec.Finalize()
		random := rand.New(rand.NewPCG(1, 1))
		noise := make([]float32, patchnet.Grid*patchnet.Grid*patchnet.PatchValues)
		for i := range noise {
			noise[i] = float32(random.NormFloat64())
		}
		text := make([]float32, config.TextWidth())
		config.Text("two red stars at night", text)
		outputs, err := exec.Exec(
			tensors.FromFlatDataAndDimensions(noise, 1, patchnet.Grid*patchnet.Grid, patchnet.PatchValues),
			tensors.FromFlatDataAndDimensions([]float32{700}, 1),
			tensors.FromFlatDataAndDimensions(text, 1, len(text)))
		if err != nil {
			t.Fatal(err)
		}
		return tensors.MustCopyFlatData[float32](outputs[0])
	}
	for i, v := range predict(nn.LoadedParams(store), store) {
		if !(math.Abs(float64(v)) < 20) {
			t.Fatalf("prediction %d is %v", i, v)
		}
	}
	fresh := model.NewStore()
	predict(nn.NewParams(fresh, 1), fresh)
	if !slices.Equal(names(store), names(fresh)) {
		t.Errorf("weights %v, the network has %v", names(store), names(fresh))
	}
}

// TestJudge: it agrees with clean scenes and their prompts, and not with other
// prompts.
func TestJudge(t *testing.T) {
	backend := backendstest.Backend(t)
	var config shapesworld.JudgeConfig
	store := load(t, "judge", &config)
	before := names(store)
	judge, err := shapesworld.NewJudge(backend, config, store)
	if err != nil {
		t.Fatal(err)
	}
	defer judge.Close()
	var images [][]byte
	var right, wrong []string
	for i := range 32 {
		scene := shapesworld.NewScene(shapesworld.Attributes{Count: -1, Color: -1, Object: -1, Background: -1}, 0.25, rand.New(rand.NewPCG(uint64(i), 77)))
		images = append(images, shapesworld.Render(scene))
		prompt := func(count, color int) string {
			return strings.Join([]string{shapesworld.Counts[count], shapesworld.Colors[color], shapesworld.Objects[scene.Object], shapesworld.Backgrounds[scene.Background]}, " ")
		}
		right = append(right, prompt(scene.Count, scene.Color))
		if i%2 == 0 {
			wrong = append(wrong, prompt((scene.Count+1)%len(shapesworld.Counts), scene.Color))
		} else {
			wrong = append(wrong, prompt(scene.Count, (scene.Color+3)%len(shapesworld.Colors)))
		}
	}
	agreed := func(prompts []string) int {
		agrees, err := judge.Agrees(context.Background(), images, prompts)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range agrees {
			if p > 0.5 {
				n++
			}
		}
		return n
	}
	if good, bad := agreed(right), agreed(wrong); good < 29 || bad > 3 {
		t.Errorf("of 32 scenes it agrees with %d, and with %d of 32 wrong prompts", good, bad)
	}
	if after := names(store); !slices.Equal(before, after) {
		t.Errorf("the file lacks weights: %v, the network has %v", before, after)
	}
}

// TestEncoder: a scene is nearer to its own prompt than to the others.
func TestEncoder(t *testing.T) {
	backend := backendstest.Backend(t)
	var config shapesworld.EncoderConfig
	store := load(t, "encoder", &config)
	before := names(store)
	if !slices.Equal(config.Vocabulary, shapesworld.Vocabulary) {
		t.Errorf("its vocabulary is %v", config.Vocabulary)
	}
	encoder, err := shapesworld.NewEncoder(backend, config, store)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	var images [][]byte
	for color := range shapesworld.Colors {
		scene := shapesworld.NewScene(shapesworld.Attributes{Count: 0, Color: color, Object: 0, Background: 2}, 0.25, rand.New(rand.NewPCG(uint64(color), 7)))
		images = append(images, shapesworld.Render(scene))
	}
	var texts []string
	for _, color := range shapesworld.Colors {
		texts = append(texts, "one "+color+" circle at night")
	}
	pictures, err := encoder.Images(context.Background(), images)
	if err != nil {
		t.Fatal(err)
	}
	words, err := encoder.Texts(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for i, picture := range pictures {
		best, most := -1, math.Inf(-1)
		for j, word := range words {
			if c := cosine(picture, word); c > most {
				best, most = j, c
			}
		}
		if best == i {
			found++
		}
	}
	if found < len(images)-1 {
		t.Errorf("%d of %d scenes find their prompt", found, len(images))
	}
	if after := names(store); !slices.Equal(before, after) {
		t.Errorf("the file lacks weights: %v, the network has %v", before, after)
	}
}

func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return dot / math.Sqrt(aa*bb)
}

func TestUnknownModel(t *testing.T) {
	if _, err := Read("painter", &struct{}{}); err == nil || !strings.Contains(err.Error(), "painter") {
		t.Errorf("error %v does not name the model", err)
	}
}
