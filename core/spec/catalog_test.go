package spec

import (
	"encoding/json"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// fakeCatalog is a catalog written out: kind, then component.
type fakeCatalog map[string]map[string]schema.Component

func (c fakeCatalog) Component(kind, name string) (Identity, bool) {
	component, ok := c[kind][name]
	return Identity{Plugin: "builtin", Component: component}, ok
}

func (c fakeCatalog) Providers(kind, name string) []Identity {
	if identity, ok := c.Component(kind, name); ok {
		return []Identity{identity}
	}
	return nil
}

func (c fakeCatalog) Names(kind string) []string { return names(c[kind]) }

// catalog has one of everything that a schema can say.
var catalog = fakeCatalog{
	"sampler": {
		"shapes": {
			Schema: Schema{Attributes: []Attribute{
				{Name: "guidance_scale", Type: "number", Default: json.RawMessage(`3`), Minimum: number(0), Maximum: number(30), Summary: "how strongly the prompt pulls"},
				{Name: "num_inference_steps", Type: "integer", Default: json.RawMessage(`12`), Minimum: number(1)},
				{Name: "solver", Type: "string", Default: json.RawMessage(`"ddim"`), OneOf: []string{"ddim", "dpmpp_2m", "euler"}},
				{Name: "weights", Type: "string", Path: true, Summary: "a checkpoint in place of the built-in one", Hub: []string{"config.json", "model.safetensors"}},
			}},
			Capabilities: []schema.Capability{schema.Tune, schema.TuneInParts},
			Losses: []schema.Loss{
				{Name: "reward_weighted", Needs: []schema.Need{schema.NeedScores}, Schema: Schema{Attributes: []Attribute{{Name: "normalize", Type: "bool", Default: json.RawMessage(`true`)},
					{Name: "weighting", Type: "string", Default: json.RawMessage(`"proportional"`), OneOf: []string{"proportional", "best"}},
					{Name: "share", Type: "number", When: &schema.When{Attribute: "weighting", Is: "best"}},
				}}},
				{Name: "pretraining", Needs: []schema.Need{schema.NeedOwnImages}},
				{Name: "denoising", Needs: []schema.Need{schema.NeedImages}},
				{Name: "kto", Needs: []schema.Need{schema.NeedLabels, schema.NeedReference}},
				{Name: "dpo", Needs: []schema.Need{schema.NeedPairs, schema.NeedReference}},
			},
		},
		"shapes_scenes": {},
		"large": {
			Capabilities: []schema.Capability{schema.Tune},
			Losses:       []schema.Loss{{Name: "pretraining", Needs: []schema.Need{schema.NeedOwnImages}}},
			Tuning: Schema{
				Attributes: []Attribute{
					{Name: "precision", Type: "string", Default: json.RawMessage(`"float32"`), OneOf: []string{"float32", "bfloat16"}},
					{Name: "micro_batch_size", Type: "integer", Minimum: number(1)},
					{Name: "start", Type: "string", Path: true},
					{Name: "steps", Type: "string", Summary: "every finetune takes this: not handed on"},
				},
				Blocks: []Block{{Type: "lora", Body: Schema{Attributes: []Attribute{
					{Name: "rank", Type: "integer", Default: json.RawMessage(`16`), Minimum: number(1)},
					{Name: "targets", Type: "list(string)", Default: json.RawMessage(`["to_q", "to_k"]`)},
				}}}},
			},
		},
	},
	"encoder": {
		"shapes_clip": {Capabilities: []schema.Capability{schema.Texts}},
		"inception":   {},
		"pca": {Capabilities: []schema.Capability{schema.Fit}, Schema: Schema{Attributes: []Attribute{
			{Name: "layers", Type: "list(number)", Minimum: number(1), Default: json.RawMessage(`[64, 64]`)},
			{Name: "sizes", Type: "list(integer)", Default: json.RawMessage(`[8]`)},
			{Name: "vocabulary", Type: "list(string)", Required: true},
			{Name: "center", Type: "bool", Default: json.RawMessage(`true`)},
		}}},
	},
	"rater": {
		"shapes_judge": {Schema: Schema{Attributes: []Attribute{
			{Name: "raters", Type: "integer", Default: json.RawMessage(`1`), Minimum: number(1)},
			{Name: "error_rate", Type: "number", Default: json.RawMessage(`0`), Minimum: number(0), Maximum: number(1)},
		}}, Capabilities: []schema.Capability{schema.Compare}},
		"critic": {},
	},
	"reward": {
		"clip_score": {Reads: []schema.Reading{schema.ReadImageFeatures, schema.ReadTextFeatures}},
		"beauty":     {Reads: []schema.Reading{schema.ReadImageFeatures}},
		"feedback": {
			Reads:        []schema.Reading{schema.ReadImageFeatures, schema.ReadTextFeatures},
			Capabilities: []schema.Capability{schema.Fit, schema.FitTexts},
			Schema: Schema{
				Attributes: []Attribute{{Name: "hidden", Type: "integer", Default: json.RawMessage(`1024`), Minimum: number(1)}},
				Blocks: []Block{
					{Type: "auxiliary", Labels: []string{"prompt_classification", "none"}, Body: Schema{Attributes: []Attribute{
						{Name: "weight", Type: "number", Default: json.RawMessage(`0.5`), Minimum: number(0)},
						{Name: "temperature", Type: "number", Default: json.RawMessage(`2`)},
						{Name: "negatives", Type: "integer", Default: json.RawMessage(`9`), Minimum: number(1)},
					}}},
					{Type: "head", Body: Schema{Attributes: []Attribute{{Name: "dropout", Type: "number", Default: json.RawMessage(`0`)}}}},
				},
			},
		},
		"strict": {Schema: Schema{Blocks: []Block{{Type: "head", Required: true, Summary: "what the reward ends in"}}}},
	},
}
