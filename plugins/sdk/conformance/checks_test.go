package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// honest implements every kind the way it should be.
type honest struct{}

func (honest) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for i, draw := range slices.Backward(draws) {
		if err := emit(i, flat(draw)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// flat is an image of one colour that the draw alone decides.
func flat(draw sdk.Draw) sdk.Image {
	h := fnv.New32a()
	h.Write([]byte(draw.Prompt.Text))
	value := h.Sum32() + uint32(draw.Seed)
	return sdk.Image{Width: 1, Height: 1, RGB: []byte{byte(value), byte(value >> 8), byte(value >> 16)}}
}

func (honest) Score(_ context.Context, item sdk.Item) (float64, error) {
	return float64(item.Image.RGB[0]) + float64(len(item.Prompt.Text)), nil
}

// product is a reward of features: it gets them, and no pixels.
type product struct{}

func (product) Score(_ context.Context, item sdk.Item) (float64, error) {
	if item.Image.RGB != nil {
		return 0, errors.New("nobody asked for pixels")
	}
	var sum float64
	for i, x := range item.ImageVector {
		sum += float64(x) * float64(item.TextVector[i])
	}
	return sum, nil
}

func (honest) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	out := make([][]sdk.Label, len(items))
	for i, item := range items {
		out[i] = []sdk.Label{sdk.LabelSkip, sdk.LabelGood, sdk.LabelBad}
		if item.Image.RGB[0] > 100 {
			out[i][0] = sdk.LabelGood
		}
	}
	return out, nil
}

func (honest) Compare(_ context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	out := make([][]sdk.Choice, len(pairs))
	for i, pair := range pairs {
		out[i] = []sdk.Choice{sdk.Tie}
		switch first, second := pair.First.RGB[0], pair.Second.RGB[0]; {
		case first > second:
			out[i][0] = sdk.ChooseFirst
		case second > first:
			out[i][0] = sdk.ChooseSecond
		}
	}
	return out, nil
}

func (honest) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	out := make([][]float32, len(images))
	for i, image := range images {
		out[i] = []float32{float32(image.RGB[0]), 1}
	}
	return out, nil
}

func (honest) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = []float32{float32(len(text)), 1}
	}
	return out, nil
}

func opening(value any) func(context.Context, sdk.OpenRequest) (any, error) {
	return func(context.Context, sdk.OpenRequest) (any, error) { return value, nil }
}

// lettered knows words of up to five letters.
func lettered(_ context.Context, request sdk.CheckPromptsRequest) (found sdk.PromptFindings, _ error) {
	for i, prompt := range request.Prompts {
		for word := range strings.FieldsSeq(prompt.Text) {
			if len(word) > 5 {
				found.Faults = append(found.Faults, sdk.PromptFault{Prompt: i, Excerpt: word, Reason: "does not know it"})
			}
		}
	}
	return found, nil
}

// crowded has something against prompts in company.
func crowded(_ context.Context, request sdk.CheckPromptsRequest) (found sdk.PromptFindings, _ error) {
	if len(request.Prompts) > 1 {
		found.Faults = append(found.Faults, sdk.PromptFault{Reason: "is not alone", Warning: true})
	}
	return found, nil
}

// TestCheckPrompts: each prompt by itself, the case's own pass, and nonsense does not.
func TestCheckPrompts(t *testing.T) {
	nonsense := []sdk.Prompt{{Text: "a red unicorn"}}
	for name, test := range map[string]struct {
		check func(context.Context, sdk.CheckPromptsRequest) (sdk.PromptFindings, error)
		one   Case
		want  string // a part of the error; empty: none
	}{
		"honest":      {lettered, Case{Nonsense: nonsense}, ""},
		"neighbours":  {crowded, Case{}, "opposite order"},
		"refuses all": {lettered, Case{Prompts: nonsense}, "and the other checks ask about it"},
		"passes all":  {lettered, Case{Nonsense: []sdk.Prompt{{Text: "a red gnu"}}}, `the prompt "a red gnu" passes`},
		"panics":      {func(context.Context, sdk.CheckPromptsRequest) (sdk.PromptFindings, error) { panic("no") }, Case{}, `sampler "x" panicked`},
	} {
		p := sdk.Plugin{Name: "p", Version: "1", Components: []sdk.Component{{
			Description:  sdk.Description{Kind: sdk.KindSampler, Name: "x", Capabilities: []sdk.Capability{sdk.CapabilityCheckPrompts}},
			CheckPrompts: test.check, Open: opening(honest{}),
		}}}
		test.one.Kind, test.one.Component = sdk.KindSampler, "x"
		request, err := openRequest(described(p, test.one), test.one)
		if err != nil {
			t.Fatal(err)
		}
		err = checkPrompts(t.Context(), serve(t, p), request, test.one.filled(described(p, test.one)))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error is %v, want one with %q", name, err, test.want)
		}
	}
}

func TestHonestPluginPasses(t *testing.T) {
	Run(t, sdk.Plugin{Name: "honest", Version: "1", Components: []sdk.Component{
		{Description: sdk.Description{Kind: sdk.KindSampler, Name: "s", PreferredBatch: 3}, Open: opening(honest{})},
		{Description: sdk.Description{Kind: sdk.KindReward, Name: "r"}, Open: opening(honest{})},
		{
			Description: sdk.Description{Kind: sdk.KindReward, Name: "f", PreferredBatch: 2,
				Reads: []sdk.Reading{sdk.ReadImageFeatures, sdk.ReadTextFeatures}},
			Open: opening(product{}),
		},
		{Description: sdk.Description{Kind: sdk.KindRater, Name: "j", Capabilities: []sdk.Capability{sdk.CapabilityCompare}, PreferredBatch: 2}, Open: opening(honest{})},
		{
			Description: sdk.Description{Kind: sdk.KindEncoder, Name: "e", Capabilities: []sdk.Capability{sdk.CapabilityTexts}, Schema: sdk.Schema{Attributes: []sdk.Attribute{
				{Name: "scale", Type: sdk.TypeNumber, Default: json.RawMessage("1")}}},
			},
			Open: opening(honest{}),
		},
	}})
}

// Each of these is wrong in one way.
type (
	nan             struct{ honest }
	batchDependent  struct{ honest }
	forgetful       struct{ calls int }
	seedless        struct{ honest }
	deaf            struct{ honest }
	moody           struct{ honest }
	growing         struct{ honest }
	otherTextSpace  struct{ honest }
	indecisive      struct{ honest }
	leftHanded      struct{ honest }
	panicking       struct{ honest }
	shortOfAnswers  struct{ honest }
	inventiveLabels struct{ honest }
)

func (nan) Score(context.Context, sdk.Item) (float64, error) { return math.NaN(), nil }

func (batchDependent) ScoreBatch(_ context.Context, items []sdk.Item) ([]float64, error) {
	out := make([]float64, len(items))
	for i := range out {
		out[i] = float64(len(items))
	}
	return out, nil
}

func (f *forgetful) Score(context.Context, sdk.Item) (float64, error) {
	f.calls++
	return float64(f.calls), nil
}

func (seedless) Sample(_ context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for i := range draws {
		if err := emit(i, flat(sdk.Draw{Seed: uint64(i)})); err != nil {
			return err
		}
	}
	return nil
}

func (deaf) Score(context.Context, sdk.Item) (float64, error) {
	time.Sleep(100 * time.Millisecond)
	return 0, nil
}

func (d deaf) ScoreBatch(ctx context.Context, items []sdk.Item) ([]float64, error) {
	for range len(items) - 1 {
		d.Score(ctx, sdk.Item{})
	}
	return make([]float64, len(items)), nil
}

func (moody) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	out := make([][]sdk.Label, len(items))
	for i := range out {
		out[i] = []sdk.Label{sdk.LabelGood}
		if i > 0 {
			out[i][0] = sdk.LabelBad
		}
	}
	return out, nil
}

func (growing) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	out := make([][]float32, len(images))
	for i := range out {
		out[i] = make([]float32, i+1)
	}
	return out, nil
}

func (otherTextSpace) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i := range out {
		out[i] = make([]float32, 7)
	}
	return out, nil
}

func (indecisive) Compare(_ context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	out := make([][]sdk.Choice, len(pairs))
	for i := range out {
		out[i] = make([]sdk.Choice, 1)
	}
	return out, nil
}

// Compare takes the first image of a pair unless the second is clearly redder.
func (leftHanded) Compare(_ context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	out := make([][]sdk.Choice, len(pairs))
	for i, pair := range pairs {
		out[i] = []sdk.Choice{sdk.ChooseFirst, sdk.Tie}
		if int(pair.Second.RGB[0]) > int(pair.First.RGB[0])+100 {
			out[i][0] = sdk.ChooseSecond
		}
	}
	return out, nil
}

func (panicking) Score(context.Context, sdk.Item) (float64, error) {
	panic("no such tensor")
}

func (shortOfAnswers) Sample(context.Context, []sdk.Draw, func(int, sdk.Image) error) error {
	return nil
}

func (inventiveLabels) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	out := make([][]sdk.Label, len(items))
	for i := range out {
		out[i] = []sdk.Label{"splendid"}
	}
	return out, nil
}

// tuner writes a checkpoint, as it is told to be right or wrong.
type tuner struct {
	honest
	empty, skipping bool
	tunes           *int // counted by one that does not write the same twice
}

func (w tuner) Tune(ctx context.Context, r sdk.TuneRequest, report func(sdk.Progress) error) error {
	for step := range r.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.skipping && step == 1 {
			continue
		}
		if err := report(sdk.Progress{Step: step + 1, Steps: r.Steps}); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil || w.empty {
		return err
	}
	content := string(r.Options)
	if w.tunes != nil {
		*w.tunes++
		content += strings.Repeat("x", *w.tunes)
	}
	return os.WriteFile(filepath.Join(r.Output, "config.json"), []byte(content), 0o644)
}

// TestTune: a tuner that is right, and three that are wrong.
func TestTune(t *testing.T) {
	job := &sdk.TuneRequest{Steps: 3, Options: []byte(`{"a":1}`)}
	for want, component := range map[string]tuner{
		"":                    {},
		"output empty":        {empty: true},
		"reports step 3 of 3": {skipping: true},
		"another config.json": {tunes: new(int)},
	} {
		p := sdk.Plugin{Name: "p", Version: "1", Components: []sdk.Component{{
			Description: sdk.Description{
				Kind: sdk.KindSampler, Name: "x", Capabilities: []sdk.Capability{sdk.CapabilityTune},
				Tuning: sdk.Schema{Attributes: []sdk.Attribute{{Name: "a", Type: sdk.TypeInteger}}},
			},
			Open: opening(component),
		}}}
		one := Case{Kind: sdk.KindSampler, Component: "x", Tune: job, Patience: time.Second}
		if want == "" {
			Run(t, p, one)
			continue
		}
		request, err := openRequest(described(p, one), one)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkTune(t.Context(), serve(t, p), request, one.filled(described(p, one))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

func TestWrongPluginsAreFound(t *testing.T) {
	for name, test := range map[string]struct {
		component sdk.Component
		check     string
		want      string // a part of the error
	}{
		"NaN":             {sdk.Component{Description: sdk.Description{Kind: sdk.KindReward}, Open: opening(nan{})}, "score", "the score NaN"},
		"batch dependent": {sdk.Component{Description: sdk.Description{Kind: sdk.KindReward}, Open: opening(batchDependent{})}, "score", "one at a time"},
		"not repeatable":  {sdk.Component{Description: sdk.Description{Kind: sdk.KindReward}, Open: opening(&forgetful{})}, "score", "asked again"},
		"panic":           {sdk.Component{Description: sdk.Description{Kind: sdk.KindReward}, Open: opening(panicking{})}, "score", "checks_test.go"},
		"ignores context": {sdk.Component{Description: sdk.Description{Kind: sdk.KindReward}, Open: opening(deaf{})}, "cancel", "context"},
		"seedless":        {sdk.Component{Description: sdk.Description{Kind: sdk.KindSampler}, Open: opening(seedless{})}, "sample", "opposite order"},
		"missing images":  {sdk.Component{Description: sdk.Description{Kind: sdk.KindSampler}, Open: opening(shortOfAnswers{})}, "sample", "unanswered"},
		"neighbours":      {sdk.Component{Description: sdk.Description{Kind: sdk.KindRater}, Open: opening(moody{})}, "rate", "opposite order"},
		"unknown label":   {sdk.Component{Description: sdk.Description{Kind: sdk.KindRater}, Open: opening(inventiveLabels{})}, "rate", "splendid"},
		"empty choice":    {sdk.Component{Description: sdk.Description{Kind: sdk.KindRater, Capabilities: []sdk.Capability{sdk.CapabilityCompare}}, Open: opening(indecisive{})}, "compare", "not a choice"},
		"left-handed":     {sdk.Component{Description: sdk.Description{Kind: sdk.KindRater, Capabilities: []sdk.Capability{sdk.CapabilityCompare}}, Open: opening(leftHanded{})}, "compare", "a side is favoured"},
		"growing vectors": {sdk.Component{Description: sdk.Description{Kind: sdk.KindEncoder}, Open: opening(growing{})}, "encode", "numbers"},
		"text space":      {sdk.Component{Description: sdk.Description{Kind: sdk.KindEncoder, Capabilities: []sdk.Capability{sdk.CapabilityTexts}}, Open: opening(otherTextSpace{})}, "encode", "cannot be compared"},
		"wrong kind":      {sdk.Component{Description: sdk.Description{Kind: sdk.KindEncoder}, Open: opening(&forgetful{})}, "encode", "is no encoder"},
		"empty promise":   {sdk.Component{Description: sdk.Description{Kind: sdk.KindSampler, Capabilities: []sdk.Capability{sdk.CapabilityTune}}, Open: opening(honest{})}, "sample", "no method"},
	} {
		t.Run(name, func(t *testing.T) {
			test.component.Name = "x"
			p := sdk.Plugin{Name: "wrong", Version: "1", Components: []sdk.Component{test.component}}
			one := Case{Kind: test.component.Kind, Component: "x", Patience: time.Second}
			request, err := openRequest(described(p, one), one)
			if err != nil {
				t.Fatal(err)
			}
			c := serve(t, p)
			for _, check := range Checks(described(p, one), one) {
				if check.Name != test.check {
					continue
				}
				err := check.run(t.Context(), c, request, one.filled(described(p, one)))
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error is %v, want one with %q", err, test.want)
				}
				return
			}
			t.Fatalf("there is no check %q", test.check)
		})
	}
}

func TestWrongDescriptionIsFound(t *testing.T) {
	p := sdk.Plugin{Name: "wrong", Components: []sdk.Component{{Description: sdk.Description{Kind: "oracle", Name: "x"}, Open: opening(honest{})}}}
	if _, err := Describe(t.Context(), serve(t, p)); err == nil || !strings.Contains(err.Error(), "unknown kind") {
		t.Errorf("error is %v", err)
	}
}

func TestPanickingPluginSurvives(t *testing.T) {
	p := sdk.Plugin{Name: "p", Components: []sdk.Component{
		{Description: sdk.Description{Kind: sdk.KindReward, Name: "bad"}, Open: opening(panicking{})},
		{Description: sdk.Description{Kind: sdk.KindReward, Name: "good"}, Open: opening(honest{})},
	}}
	c := serve(t, p)
	items := Case{}.filled(sdk.Description{}).items()
	for _, name := range []string{"bad", "good"} {
		in, err := c.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: name})
		if err != nil {
			t.Fatal(err)
		}
		err = in.Score(t.Context(), sequence(items), func(int, sdk.Score) error { return nil })
		if (err == nil) != (name == "good") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
