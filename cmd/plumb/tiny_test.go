package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// tinyPlugin is a world small enough for tests of commands: tiles of one
// colour, rewards and raters that look at how red they are, a sampler that
// learns to draw redder ones. It does what real components do, and on request
// what broken ones do.
func tinyPlugin() sdk.Plugin {
	integer := func(name string, value string) sdk.Attribute {
		return sdk.Attribute{Name: name, Type: sdk.TypeInteger, Default: json.RawMessage(value)}
	}
	return sdk.Plugin{
		Name:    "builtin",
		Version: "1",
		Components: []sdk.Component{
			{
				Description: sdk.Description{
					Kind: sdk.KindSampler, Name: "tiles", Summary: "Draws tiles of one colour.", CodeVersion: "1", NeedsDevice: true,
					PreferredBatch: 4,
					Capabilities:   []sdk.Capability{sdk.CapabilityTune, sdk.CapabilityTuneInParts},
					Schema: sdk.Schema{Attributes: []sdk.Attribute{
						integer("size", "4"), integer("delay_ms", "0"), integer("crash_at", "-1"), integer("room", "0"),
						{Name: "weights", Type: sdk.TypeString, Path: true, Summary: "A can of paint.", Obtain: "Cans of paint are sold in the village."},
					}},
					Losses: []sdk.Loss{
						{Name: "reward_weighted", Needs: []sdk.Need{sdk.NeedScores}},
						{Name: "denoising", Needs: []sdk.Need{sdk.NeedImages}},
						{Name: "diverging", Needs: []sdk.Need{sdk.NeedImages}, Schema: sdk.Schema{Attributes: []sdk.Attribute{integer("nan_at", "-1")}}},
					},
				},
				Open: openTiles,
			},
			{
				Description: sdk.Description{
					Kind: sdk.KindSampler, Name: "mosaics", Summary: "Draws tiles, and learns from their mean colours.", CodeVersion: "1", NeedsDevice: true,
					Capabilities: []sdk.Capability{sdk.CapabilityTune, sdk.CapabilityPrecompute},
					Schema:       sdk.Schema{Attributes: []sdk.Attribute{integer("size", "4"), integer("delay_ms", "0")}},
					Losses: []sdk.Loss{
						{Name: "reward_weighted", Needs: []sdk.Need{sdk.NeedScores}},
						{Name: "denoising", Needs: []sdk.Need{sdk.NeedImages}},
						{Name: "pretraining", Needs: []sdk.Need{sdk.NeedOwnImages}},
					},
				},
				Open: openMosaics,
			},
			{
				Description: sdk.Description{
					Kind: sdk.KindReward, Name: "redness", Summary: "How red an image is.", CodeVersion: "1",
					Capabilities: []sdk.Capability{sdk.CapabilityFit},
					Schema:       sdk.Schema{Attributes: []sdk.Attribute{{Name: "constant", Type: sdk.TypeBool, Default: json.RawMessage("false")}}},
				},
				Open: openRedness,
			},
			likenessOf("likeness", 1),
			{
				Description: sdk.Description{
					Kind: sdk.KindRater, Name: "eyes", Summary: "Three people who like red.", CodeVersion: "1",
					Capabilities: []sdk.Capability{sdk.CapabilityCompare},
				},
				Open: func(_ context.Context, r sdk.OpenRequest) (any, error) { return eyes{r.Seed}, nil },
			},
			{
				Description: sdk.Description{
					Kind: sdk.KindEncoder, Name: "mean", Summary: "The mean colour.", CodeVersion: "1",
					Capabilities: []sdk.Capability{sdk.CapabilityTexts},
				},
				Open: func(context.Context, sdk.OpenRequest) (any, error) { return meanColor{}, nil },
			},
			{
				Description: sdk.Description{
					Kind: sdk.KindEncoder, Name: "average", Summary: "The mean colour, by another name.", CodeVersion: "1", Resizing: "not at all",
				},
				Open: func(context.Context, sdk.OpenRequest) (any, error) { return meanColor{}, nil },
			},
		},
	}
}

func tinyHouse() house {
	return house{
		plugin: tinyPlugin(),
		doctor: func(backend string, quick bool) (backends.Health, error) {
			if backend != "go" {
				return backends.Health{}, errors.New("there is no " + backend + " here")
			}
			return backends.Health{Backend: backend, Device: fmt.Sprintf("cpu, quick %v", quick), Products: []backends.Product{{Name: "product", Rows: 2, Inner: 3, Columns: 4, GFLOPS: 5}}}, nil
		},
		open: func(name string) opened {
			if flags := os.Getenv("XLA_FLAGS"); strings.Contains(flags, "--nonsense") { // as XLA does
				fmt.Fprintf(os.Stderr, "WARNING: some\nF0000 00:00 flags.cc:1] Unknown flag in XLA_FLAGS: %s\nand where\n", flags)
				os.Exit(1)
			}
			if name == "auto" || name == "go" {
				answer := opened{Environment: plan.Environment{Backend: "go", Device: "cpu"}}
				if path := os.Getenv(pjrtVariable); path != "" {
					answer.Passed = []backends.Candidate{{Path: path, Source: "the test", Why: "it is another's"}}
				}
				return answer
			}
			return opened{Error: "there is no " + name + " here"}
		},
	}
}

type tiles struct {
	Size    int `json:"size"`
	DelayMS int `json:"delay_ms"`
	CrashAt int `json:"crash_at"`
	Room    int `json:"room"` // images that the device can learn from at once; 0: any number
	bias    float64
}

var (
	_ sdk.Tuner         = (*tiles)(nil)
	_ sdk.MemoryAdvisor = (*tiles)(nil)
)

func (t *tiles) MemoryAdvice(call sdk.Call, tune *sdk.TuneRequest) []sdk.Advice {
	if call != sdk.CallTune {
		return nil
	}
	return []sdk.Advice{{Option: "batch_size", Block: "finetune", Write: fmt.Sprintf("batch_size = %d", tune.BatchSize/2), Now: fmt.Sprint(tune.BatchSize)}}
}

type weights struct {
	Step  int     `json:"step"`
	Value float64 `json:"value"`
}

func readWeights(path string) (w weights, err error) {
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &w)
	}
	return w, err
}

func writeWeights(path string, w weights) error {
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func openTiles(_ context.Context, r sdk.OpenRequest) (any, error) {
	t := &tiles{}
	if err := json.Unmarshal(r.Config, t); err != nil {
		return nil, err
	}
	if r.Checkpoint != "" {
		w, err := readWeights(filepath.Join(r.Checkpoint, "weights.json"))
		if err != nil {
			return nil, err
		}
		t.bias = w.Value
	}
	return t, nil
}

func (t *tiles) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for i := range draws {
		position := len(draws) - 1 - i // any order will do
		time.Sleep(time.Duration(t.DelayMS) * time.Millisecond)
		if err := ctx.Err(); err != nil {
			return err
		}
		if position == t.CrashAt {
			fmt.Fprintln(os.Stderr, "tiles: out of paint")
			os.Exit(3)
		}
		random := rand.New(rand.NewPCG(draws[position].Seed, 0))
		red := math.Min(255, 255*(random.Float64()+t.bias))
		color := []byte{byte(red), byte(random.IntN(256)), byte(random.IntN(256))}
		image := sdk.Image{Width: t.Size, Height: t.Size}
		for range t.Size * t.Size {
			image.RGB = append(image.RGB, color...)
		}
		if err := emit(position, image); err != nil {
			return err
		}
	}
	return nil
}

func (t *tiles) Tune(ctx context.Context, r sdk.TuneRequest, report func(sdk.Progress) error) error {
	if images := r.BatchSize; t.Room > 0 && images > t.Room {
		return fmt.Errorf("training step 1: RESOURCE_EXHAUSTED: Out of memory while trying to allocate %d bytes.\nand pages about buffers", images<<30)
	}
	optimizer, err := train.ReadOptimizer(r.Optimizer)
	if err != nil {
		return err
	}
	var scores []table.Score
	nanAt := -1
	for _, loss := range r.Losses {
		for _, set := range loss.Sets {
			if set.Scores == "" {
				continue
			}
			rows, err := table.ReadAll[table.Score](set.Scores)
			if err != nil {
				return err
			}
			scores = append(scores, rows...)
		}
		var options struct {
			NaNAt *int `json:"nan_at"`
		}
		if err := json.Unmarshal(loss.Options, &options); err != nil {
			return err
		}
		if options.NaNAt != nil {
			nanAt = *options.NaNAt
		}
	}
	state := filepath.Join(r.Scratch, "state.json")
	var w weights
	kept, err := sealed.Find(state)
	if errors.As(err, new(*sealed.Damaged)) {
		sdk.Repaired(ctx, "The state "+state+" is damaged; training begins anew.")
	} else if err != nil {
		return err
	}
	if kept != "" {
		if w, err = readWeights(kept); err != nil {
			return err
		}
	} else if r.Resume != "" {
		if w, err = readWeights(filepath.Join(r.Resume, "state.json")); err != nil {
			return err
		}
	}
	for step := w.Step + 1; step <= r.Last(); step++ {
		time.Sleep(time.Duration(t.DelayMS) * time.Millisecond)
		if err := ctx.Err(); err != nil {
			return err
		}
		drawn := 0.5
		if len(scores) > 0 {
			drawn = scores[rand.New(rand.NewPCG(r.Seed, uint64(step))).IntN(len(scores))].Score
		}
		w = weights{Step: step, Value: w.Value + optimizer.LearningRate*drawn}
		loss := 1 - w.Value
		if step == nanAt {
			loss = math.NaN()
		}
		if err := report(sdk.Progress{Step: step, Steps: r.Steps, Values: map[string]float64{"loss": loss}}); err != nil {
			return err
		}
		if step%4 == 0 { // keeping state costs, so a kill loses some steps
			if err := errors.Join(writeWeights(state, w), sealed.Seal(state)); err != nil {
				return err
			}
		}
	}
	if r.State != "" {
		if err := writeWeights(filepath.Join(r.State, "state.json"), w); err != nil {
			return err
		}
	}
	return writeWeights(filepath.Join(r.Output, "weights.json"), w)
}

func meanOf(image sdk.Image) (rgb [3]float64) {
	for i, value := range image.RGB {
		rgb[i%3] += float64(value) / 255 / float64(image.Width*image.Height)
	}
	return rgb
}

type redness struct {
	Constant bool `json:"constant"`
	center   float64
}

var _ sdk.Fitter = redness{}

func openRedness(_ context.Context, r sdk.OpenRequest) (any, error) {
	one := redness{center: 1}
	if err := json.Unmarshal(r.Config, &one); err != nil {
		return nil, err
	}
	if r.Checkpoint != "" {
		w, err := readWeights(filepath.Join(r.Checkpoint, "weights.json"))
		if err != nil {
			return nil, err
		}
		one.center = w.Value
	}
	return one, nil
}

func (r redness) Score(_ context.Context, item sdk.Item) (float64, error) {
	if r.Constant {
		return 0.5, nil
	}
	return 1 - math.Abs(r.center-meanOf(item.Image)[0]), nil
}

func (r redness) Fit(_ context.Context, request sdk.FitRequest, report func(sdk.Progress) error) error {
	var sum, n float64
	for _, set := range request.Sets {
		good := map[string]bool{}
		labels, err := table.ReadAll[table.Label](set.Labels)
		if err != nil {
			return err
		}
		for _, label := range labels {
			good[label.ImageID] = good[label.ImageID] || label.Label == "good"
		}
		for image, err := range table.Read[table.Image](set.Images) {
			if err != nil {
				return err
			}
			if good[image.ID] {
				picture, err := imaging.Decode(image.Image.Bytes, imaging.Exchanged)
				if err != nil {
					return err
				}
				sum += meanOf(picture)[0]
				n++
			}
		}
	}
	if n == 0 {
		return errors.New("no good images")
	}
	if err := report(sdk.Progress{Step: 1, Steps: 1, Values: map[string]float64{"loss": 1 - sum/n}}); err != nil {
		return err
	}
	return writeWeights(filepath.Join(request.Output, "weights.json"), weights{Step: 1, Value: sum / n})
}

type eyes struct{ seed uint64 }

func (e eyes) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	all := make([][]sdk.Label, len(items))
	for i, item := range items {
		hash := fnv.New64a()
		hash.Write([]byte(item.ID))
		random := rand.New(rand.NewPCG(e.seed, hash.Sum64()))
		red := meanOf(item.Image)[0]
		for range 3 {
			label := sdk.LabelBad
			if red+0.2*(random.Float64()-0.5) > 0.5 {
				label = sdk.LabelGood
			}
			all[i] = append(all[i], label)
		}
	}
	return all, nil
}

// Compare has two people choose the redder image, and one who cannot tell.
func (eyes) Compare(_ context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	all := make([][]sdk.Choice, len(pairs))
	for i, pair := range pairs {
		choice := sdk.ChooseSecond
		if meanOf(pair.First)[0] > meanOf(pair.Second)[0] {
			choice = sdk.ChooseFirst
		}
		all[i] = []sdk.Choice{choice, choice, sdk.Tie}
	}
	return all, nil
}

type meanColor struct{}

// encodedFile is the variable of the environment that names a file in which the
// encoders of tests write down what they encode: "mean image SHA256" or "mean text
// TEXT" in a line.
const encodedFile = "PLUMB_TEST_ENCODED"

func writeDown(format string, arguments ...any) error {
	path := os.Getenv(encodedFile)
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, format+"\n", arguments...)
	return errors.Join(err, file.Close())
}

// EncodeTexts gives red to whatever is called so, and grey to all else.
func (meanColor) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	all := make([][]float32, len(texts))
	for i, text := range texts {
		if err := writeDown("mean text %s", text); err != nil {
			return nil, err
		}
		all[i] = []float32{0.5, 0.5, 0.5}
		if strings.Contains(text, "red") {
			all[i] = []float32{1, 0, 0}
		}
	}
	return all, nil
}

func (meanColor) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	all := make([][]float32, len(images))
	for i, image := range images {
		if err := writeDown("mean image %x", sha256.Sum256(image.RGB)); err != nil {
			return nil, err
		}
		for _, value := range meanOf(image) {
			all[i] = append(all[i], float32(value))
		}
	}
	return all, nil
}
