package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// everyone is an Identities that knows every component.
type everyone struct{ version string }

func (e everyone) Component(kind, name string) (spec.Identity, bool) {
	is := schema.Component{CodeVersion: e.version, NeedsDevice: kind != "rater"}
	switch name {
	case "shapes_clip":
		is.Capabilities = []schema.Capability{schema.Texts}
	case "clip_score":
		is.Reads = []schema.Reading{schema.ReadImageFeatures, schema.ReadTextFeatures}
	case "feedback":
		is.Reads = []schema.Reading{schema.ReadImageFeatures, schema.ReadTextFeatures}
		is.Capabilities = []schema.Capability{schema.Fit, schema.FitTexts}
	}
	return spec.Identity{Plugin: "builtin", Component: is}, name != "unknown"
}

// experiment is a small experiment with every kind of stage in it.
func experiment(seed uint64) *spec.Spec {
	prompts := []spec.Prompt{
		{Text: "a red circle", Category: "color", Split: "seen"},
		{Text: "a blue ring", Category: "color", Split: "unseen"},
	}
	base := &spec.Component{Kind: "sampler", Component: "shapes", Name: "base", Config: json.RawMessage(`{"guidance_scale":3}`)}
	world := &spec.Component{Kind: "sampler", Component: "shapes_scenes", Name: "world", Config: json.RawMessage(`{}`)}
	clip := &spec.Component{Kind: "encoder", Component: "shapes_clip", Name: "clip", Config: json.RawMessage(`{}`)}
	crowd := &spec.Component{Kind: "rater", Component: "shapes_judge", Name: "crowd", Config: json.RawMessage(`{"raters":3}`)}
	labelled := &spec.Images{Name: "labelled", Sampler: spec.Model{Sampler: base}, Prompts: prompts[:1], PerPrompt: 6}
	unlabelled := &spec.Images{Name: "unlabelled", Sampler: spec.Model{Sampler: base}, Prompts: prompts[:1], PerPrompt: 4}
	realImages := &spec.Images{Name: "real", Sampler: spec.Model{Sampler: world}, Prompts: prompts, PerPrompt: 8}
	human := &spec.Labels{Name: "human", Images: labelled, Rater: crowd, Fraction: 1}
	clipScore := &spec.Component{Kind: "reward", Component: "clip_score", Name: "clip", Config: json.RawMessage(`{}`), Encoder: clip}
	withAux := &spec.Component{Kind: "reward", Component: "feedback", Name: "with_aux", Config: json.RawMessage(`{"weight":0.5}`), Encoder: clip, Labels: []*spec.Labels{human}}
	full := &spec.Finetune{
		Name: "full", Model: spec.Model{Sampler: base}, Reward: withAux, Images: []*spec.Images{labelled, unlabelled},
		Losses: []spec.Loss{
			{Name: "reward_weighted", Weight: 1, Needs: []schema.Need{schema.NeedScores}},
			{Name: "pretraining", Weight: 1, Needs: []schema.Need{schema.NeedOwnImages}, Images: []*spec.Images{realImages}},
		},
		Optimizer: json.RawMessage(`{"learning_rate":0.1}`), Steps: 40, BatchSize: 8,
	}
	models := []spec.Model{{Sampler: base}, {Sampler: base, Finetune: full}}
	return &spec.Spec{
		Name: "lee", Seed: seed, Digests: map[string]string{},
		Samplers: []*spec.Component{base, world}, Encoders: []*spec.Component{clip}, Raters: []*spec.Component{crowd},
		Rewards: []*spec.Component{clipScore, withAux}, Images: []*spec.Images{labelled, unlabelled, realImages},
		Labels: []*spec.Labels{human}, Finetunes: []*spec.Finetune{full},
		Evaluate: []*spec.Evaluate{{
			Name: "main", Models: models, Baseline: models[0], Prompts: prompts, PerPrompt: 4,
			Rewards:   []*spec.Component{clipScore, withAux},
			Alignment: &spec.Alignment{Rater: crowd},
			Fidelity:  &spec.Fidelity{Images: realImages, Encoder: clip},
			BestOf:    []*spec.BestOf{{Model: models[0], Reward: withAux, N: 16, Keep: 4, Against: models[1:]}},
		}},
	}
}

func build(t *testing.T, sources ...Source) *Plan {
	t.Helper()
	p, err := Build(sources, everyone{"1"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func names(p *Plan) []string {
	var all []string
	for _, node := range p.Nodes {
		all = append(all, node.Label)
	}
	return all
}

func node(t *testing.T, p *Plan, name string) *Node {
	t.Helper()
	found, _ := p.Find(name)
	if len(found) != 1 {
		t.Fatalf("%d nodes of the name %q among\n%s", len(found), name, strings.Join(names(p), "\n"))
	}
	return found[0]
}

func inputs(n *Node) []string {
	var all []string
	for _, input := range n.Inputs {
		all = append(all, fmt.Sprintf("%s = %s of %s", input.Role, input.Output, input.Node.Name))
	}
	return all
}

func TestPlanOfAWholeExperiment(t *testing.T) {
	p := build(t, Source{Spec: experiment(1), Seed: 1})
	want := []string{
		"sample/labelled", "sample/unlabelled", "sample/real", "rate/human",
		"encode/labelled/clip", "texts/with_aux", "encode/texts/with_aux/clip", "fit/with_aux",
		"score/labelled/with_aux", "encode/unlabelled/clip", "score/unlabelled/with_aux", "tune/full",
		"sample/main/base", "rate/main/base", "measure/main/alignment/base",
		"encode/main/base/clip", "score/main/base/clip", "score/main/base/with_aux", "measure/main/reward/base",
		"encode/real/clip", "measure/main/fidelity/base", "measure/main/diversity/base",
		"sample/main/full", "rate/main/full", "measure/main/alignment/full",
		"encode/main/full/clip", "score/main/full/clip", "score/main/full/with_aux", "measure/main/reward/full",
		"measure/main/fidelity/full", "measure/main/diversity/full", "measure/main/fidelity/real",
		"measure/main/reward_accuracy",
		"sample/main/best_of/base", "choose/main/best_of/base/random", "rate/main/best_of/base/random",
		"encode/main/best_of/base/clip", "score/main/best_of/base/with_aux",
		"choose/main/best_of/base/best/with_aux", "rate/main/best_of/base/best/with_aux", "measure/main/best_of/base",
	}
	if got := names(p); !slices.Equal(got, want) {
		t.Errorf("stages\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, want := range map[string][]string{
		"encode/labelled/clip":       {"images = images of sample/labelled"},
		"texts/with_aux":             {"images = images of sample/labelled", "labels = labels of rate/human"},
		"encode/texts/with_aux/clip": {"texts = texts of texts/with_aux"},
		"fit/with_aux": {
			"images = images of sample/labelled", "labels = labels of rate/human",
			"features = features of encode/labelled/clip", "text_features = text_features of encode/labelled/clip",
			"text_features of more texts = text_features of encode/texts/with_aux/clip",
		},
		"score/labelled/with_aux": {
			"images = images of sample/labelled", "features = features of encode/labelled/clip", "text_features = text_features of encode/labelled/clip",
			"reward checkpoint = checkpoint of fit/with_aux",
		},
		"measure/main/fidelity/full": {
			"features = features of encode/main/full/clip", "images = images of sample/main/full",
			"reference features = features of encode/real/clip", "reference images = images of sample/real",
			"baseline features = features of encode/main/base/clip", "baseline images = images of sample/main/base",
		},
		"measure/main/diversity/full": {
			"features = features of encode/main/full/clip", "images = images of sample/main/full",
			"baseline features = features of encode/main/base/clip", "baseline images = images of sample/main/base",
		},
		"measure/main/fidelity/real": {
			"features = features of encode/main/base/clip", "images = images of sample/main/base",
			"reference features = features of encode/real/clip", "reference images = images of sample/real",
		},
		"sample/main/full": {"sampler checkpoint = checkpoint of tune/full"},
		"tune/full": {
			"images 1 = images of sample/labelled", "scores 1 = scores of score/labelled/with_aux",
			"images 2 = images of sample/unlabelled", "scores 2 = scores of score/unlabelled/with_aux",
			"images 3 = images of sample/real",
		},
		"measure/main/alignment/full": {"labels = labels of rate/main/full", "baseline labels = labels of rate/main/base"},
		"measure/main/best_of/base": {
			"random labels = labels of rate/main/best_of/base/random", "best labels with_aux = labels of rate/main/best_of/base/best/with_aux",
			"labels full = labels of rate/main/full",
		},
	} {
		if got := inputs(node(t, p, name)); !slices.Equal(got, want) {
			t.Errorf("inputs of %s\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	for i, n := range p.Nodes {
		for _, input := range n.Inputs {
			if slices.Index(p.Nodes, input.Node) >= i {
				t.Errorf("%s comes before its input %s", n.Name, input.Node.Name)
			}
		}
	}
}

func TestModelsOfAnEvaluationShareTheirSeeds(t *testing.T) {
	p := build(t, Source{Spec: experiment(1)})
	base, full := node(t, p, "sample/main/base"), node(t, p, "sample/main/full")
	if base.Seed != full.Seed {
		t.Error("two models of an evaluation draw with different seeds")
	}
	if base.Seed == node(t, p, "sample/labelled").Seed {
		t.Error("the images that are evaluated are those that were trained on")
	}
	if node(t, p, "rate/main/base").Instance.Seed == node(t, p, "rate/main/full").Instance.Seed {
		t.Error("simulated raters make the same mistakes at two models' images")
	}
}

func TestEqualStagesOfVariantsAreOneNode(t *testing.T) {
	a, b := experiment(1), experiment(1)
	b.Rewards[1].Config = json.RawMessage(`{"weight":2}`)
	p := build(t, Source{Name: "weight=0.5", Spec: a}, Source{Name: "weight=2", Spec: b})
	shared := node(t, p, "rate/human")
	if !slices.Equal(shared.Variants, []string{"weight=0.5", "weight=2"}) {
		t.Errorf("rate/human belongs to %q", shared.Variants)
	}
	if found, err := p.Find("fit/with_aux"); err != nil || len(found) != 2 || found[0].Label != "fit/with_aux [weight=0.5]" || found[1].Label != "fit/with_aux [weight=2]" {
		t.Errorf("fits: %v", found)
	}
	base, _ := p.Find("sample/main/base")
	if full, _ := p.Find("sample/main/full"); len(base) != 1 || len(full) != 2 {
		t.Error("what depends on the reward and what does not are not told apart")
	}
	if other := build(t, Source{Name: "seed=1", Spec: experiment(1)}, Source{Name: "seed=2", Spec: experiment(2)}); len(other.Nodes) != 2*len(other.Variants[0].Stages) {
		t.Errorf("two seeds share stages: %d nodes", len(other.Nodes))
	}
}

func TestMeasureAsksForNoMoreThanItNeeds(t *testing.T) {
	p := build(t, Source{Spec: experiment(1), Measure: []string{"reward_accuracy"}})
	want := []string{
		"sample/main/base", "rate/main/base", "encode/main/base/clip", "score/main/base/clip",
		"sample/labelled", "rate/human", "encode/labelled/clip", "texts/with_aux", "encode/texts/with_aux/clip", "fit/with_aux",
		"score/main/base/with_aux", "measure/main/reward_accuracy",
	}
	if got := names(p); !slices.Equal(got, want) {
		t.Errorf("stages\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestBuildNeedsIdentities: a key without an identity in it would stand for any
// component.
func TestBuildNeedsIdentities(t *testing.T) {
	s := experiment(1)
	s.Samplers[0].Component = "unknown"
	if _, err := Build([]Source{{Spec: s}}, everyone{"1"}); err == nil || !strings.Contains(err.Error(), `the sampler "unknown" has no identity`) {
		t.Errorf("got %v", err)
	}
}

// TestImport: a folder is a stage, and all that reads it knows its count.
func TestImport(t *testing.T) {
	s := experiment(1)
	folder := func() spec.Images {
		return spec.Images{Name: "real", Folder: &imagefolder.Folder{Path: "/coco", Limit: 7}, Inventory: imagefolder.Inventory{Images: 7, Digest: "11"}}
	}
	*s.Images[2] = folder()
	p := build(t, Source{Spec: s})
	imported := node(t, p, "import/real")
	if n, unit := imported.Items(); n != 7 || unit != "images" || imported.Kind != record.KindImport || imported.Instance != nil {
		t.Errorf("%d %s of %+v", n, unit, imported)
	}
	if n, _ := node(t, p, "encode/real/clip").Items(); n != 7 {
		t.Errorf("%d reference images", n)
	}
	tuned := node(t, p, "tune/full")
	reads := false
	for _, input := range tuned.Inputs {
		reads = reads || input.Node == imported
	}
	if !reads {
		t.Error("the pre-training loss does not read the folder")
	}
	first := keyOf(imported, here)
	for name, change := range map[string]func(*spec.Images){
		"draw":    func(i *spec.Images) { i.Folder.Seed = 2 },
		"size":    func(i *spec.Images) { i.Folder.Width = 64 },
		"caption": func(i *spec.Images) { i.Folder.Caption = "text" },
		"content": func(i *spec.Images) { i.Inventory.Digest = "22" },
	} {
		changed := folder()
		change(&changed)
		*s.Images[2] = changed
		if keyOf(node(t, build(t, Source{Spec: s}), "import/real"), here) == first {
			t.Errorf("another %s, the same key", name)
		}
	}
}

// TestMeasureNamesTheFeatures: a distance says on which network, with which
// weights, it was measured.
func TestMeasureNamesTheFeatures(t *testing.T) {
	s := experiment(1)
	s.Encoders[0].Component, s.Encoders[0].Paths = "inception", []string{"/weights"}
	s.Digests["/weights"] = "0123456789abcdef"
	work := node(t, build(t, Source{Spec: s}), "measure/main/fidelity/base").Work.(*FidelityWork)
	if want := "inception, weights sha256 0123456789ab"; work.Component != want {
		t.Errorf("measured on %q, want %q", work.Component, want)
	}
}

// What a stage is about is in its facts, whatever characters names have.
func TestStagesSayWhatTheyAreAbout(t *testing.T) {
	s := experiment(1)
	s.Evaluate[0].Name = "a/b"
	s.Finetunes[0].Name = "measure/full"
	s.Rewards[1].Name = "fit/r"
	p := build(t, Source{Spec: s})
	about := map[string]record.Stage{}
	for _, stage := range p.Variants[0].Stages {
		about[stage.Name] = stage.About
		if stage.Node.About.Kind != stage.Node.Kind {
			t.Errorf("%s is a %s about %+v", stage.Name, stage.Node.Kind, stage.Node.About)
		}
	}
	for name, want := range map[string]record.Stage{
		"sample/labelled":                    {Kind: record.KindSample, Subject: "labelled"},
		"rate/human":                         {Kind: record.KindRate, Subject: "human"},
		"fit/fit/r":                          {Kind: record.KindFit, Subject: "fit/r", Reward: "fit/r"},
		"tune/measure/full":                  {Kind: record.KindTune, Subject: "measure/full", Reward: "fit/r"},
		"score/labelled/fit/r":               {Kind: record.KindScore, Subject: "labelled", Reward: "fit/r"},
		"sample/a/b/measure/full":            {Kind: record.KindSample, Evaluation: "a/b", Subject: "measure/full"},
		"score/a/b/base/fit/r":               {Kind: record.KindScore, Evaluation: "a/b", Subject: "base", Reward: "fit/r"},
		"encode/real/clip":                   {Kind: record.KindEncode, Subject: "real"},
		"encode/a/b/base/clip":               {Kind: record.KindEncode, Evaluation: "a/b", Subject: "base"},
		"encode/a/b/best_of/base/clip":       {Kind: record.KindEncode, Evaluation: "a/b", Measure: "best_of", Subject: "base"},
		"texts/fit/r":                        {Kind: record.KindTexts, Subject: "fit/r", Reward: "fit/r"},
		"measure/a/b/alignment/measure/full": {Kind: record.KindMeasure, Evaluation: "a/b", Measure: "alignment", Subject: "measure/full", Baseline: "base"},
		"measure/a/b/reward_accuracy":        {Kind: record.KindMeasure, Evaluation: "a/b", Measure: "reward_accuracy", Baseline: "base"},
		"sample/a/b/best_of/base":            {Kind: record.KindSample, Evaluation: "a/b", Measure: "best_of", Subject: "base"},
		"choose/a/b/best_of/base/best/fit/r": {Kind: record.KindChoose, Evaluation: "a/b", Measure: "best_of", Subject: "base", Reward: "fit/r"},
		"measure/a/b/best_of/base":           {Kind: record.KindMeasure, Evaluation: "a/b", Measure: "best_of", Subject: "base", Baseline: "base"},
	} {
		if got, ok := about[name]; !ok || got != want {
			t.Errorf("%s is about %+v (%v), want %+v", name, got, ok, want)
		}
	}
}

// Two measures of the same inputs are two stages.
func TestMeasuresHaveKeysOfTheirOwn(t *testing.T) {
	one := &Node{Name: "m", Kind: record.KindMeasure, Work: &RewardWork{Subject: "x", Rewards: []string{"r"}}}
	two := &Node{Name: "m", Kind: record.KindMeasure, Work: &RewardAccuracyWork{Subject: "x", Rewards: []string{"r"}}}
	if keyOf(one, here) == keyOf(two, here) {
		t.Error("they share a key")
	}
}

// A sampler as the reference draws for the evaluation's own prompts, and once more
// as many images as a model: other seeds, the same features.
func TestReferenceIsDrawnForTheSamePrompts(t *testing.T) {
	s := experiment(1)
	s.Evaluate[0].Fidelity = &spec.Fidelity{Sampler: s.Samplers[1], PerPrompt: 8, Encoder: s.Encoders[0]}
	p := build(t, Source{Spec: s, Measure: []string{"fidelity"}})
	reference, others := node(t, p, "sample/main/reference"), node(t, p, "sample/main/real")
	for n, images := range map[*Node]int{reference: 16, others: 8} {
		if got, _ := n.Items(); got != images || n.Instance.Name != "world" {
			t.Errorf("%s: %d images of %s, want %d of world", n.Name, got, n.Instance.Name, images)
		}
	}
	if seeds := []uint64{reference.Seed, others.Seed, node(t, p, "sample/main/base").Seed}; seeds[0] == seeds[1] || seeds[0] == seeds[2] || seeds[1] == seeds[2] {
		t.Errorf("sets of images share seeds: %x", seeds)
	}
	for name, want := range map[string]record.Stage{
		"sample/main/reference":      {Kind: record.KindSample, Evaluation: "main", Measure: "fidelity", Subject: "world", Choice: record.Reference},
		"encode/main/real/clip":      {Kind: record.KindEncode, Evaluation: "main", Measure: "fidelity", Subject: "world", Choice: record.OtherDraws},
		"measure/main/fidelity/real": {Kind: record.KindMeasure, Evaluation: "main", Measure: "fidelity", Subject: "world", Choice: record.OtherDraws, Baseline: "base"},
	} {
		if got := node(t, p, name).About; got != want {
			t.Errorf("%s is about %+v, want %+v", name, got, want)
		}
	}
}

// Diversity reads the features that fidelity reads: alone it draws and encodes the models'
// images and, where a sampler draws real ones, as many of those; no reference.
func TestDiversityAlone(t *testing.T) {
	s := experiment(1)
	var got []string
	for _, name := range names(build(t, Source{Spec: s, Measure: []string{"diversity"}})) {
		if strings.HasPrefix(name, "measure/") || strings.HasPrefix(name, "encode/main/") || strings.HasPrefix(name, "encode/real/") {
			got = append(got, name)
		}
	}
	want := []string{"encode/main/base/clip", "measure/main/diversity/base", "encode/main/full/clip", "measure/main/diversity/full"}
	if !slices.Equal(got, want) {
		t.Errorf("stages %q, want %q", got, want)
	}
	s.Evaluate[0].Fidelity = &spec.Fidelity{Sampler: s.Samplers[1], PerPrompt: 8, Encoder: s.Encoders[0]}
	p := build(t, Source{Spec: s, Measure: []string{"vendi_score"}})
	work := node(t, p, "measure/main/diversity/real").Work.(*DiversityWork)
	if *work != (DiversityWork{Subject: "world", Choice: record.OtherDraws, Encoder: "clip", Component: "shapes_clip"}) || slices.Contains(names(p), "sample/main/reference") {
		t.Errorf("%+v of %q", work, names(p))
	}
}
