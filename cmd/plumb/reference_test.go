package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plumb-ml/plumb/core/reference"
	"github.com/plumb-ml/plumb/core/spec"
)

var updateReference = flag.Bool("update-reference", false, "write docs/reference.md")

// builtIn is the reference with the components that come with Plumb.
func builtIn() reference.Reference {
	p := &program{house: builtinHouse()}
	return reference.New(p.described())
}

// said is what a command of the house that ships prints, and its exit code.
func said(args ...string) (string, int) {
	var out bytes.Buffer
	code := execute(args, &out, &out, builtinHouse())
	return out.String(), code
}

func written(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReferencePage(t *testing.T) {
	var page bytes.Buffer
	if err := builtIn().WriteMarkdown(&page); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "reference.md")
	if *updateReference {
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, page.Bytes()) {
		t.Error("docs/reference.md is not what the code says: go test ./cmd/plumb -run TestReferencePage -update-reference")
	}
}

// The examples of all blocks make one experiment, and the ablation's example varies it.
func TestReferenceExamples(t *testing.T) {
	dir := t.TempDir()
	var experiment strings.Builder
	for _, block := range builtIn().Experiment {
		if block.Example == "" {
			t.Errorf("%s has no example", block.Type)
		}
		if block.Type != "plugin" { // it names a file that is not here
			experiment.WriteString(block.Example)
		}
	}
	written(t, filepath.Join(dir, "experiment.hcl"), experiment.String())
	written(t, filepath.Join(dir, "ablation.hcl"), builtIn().Ablation.Example)
	for _, file := range []string{"experiment.hcl", "ablation.hcl"} {
		out, code := said("validate", filepath.Join(dir, file))
		if code != exitOK || strings.Contains(out, "Warning") {
			t.Errorf("%s:\n%s", file, out)
		}
	}
}

// Each argument, block and word says what it is, and can be looked up.
func TestReferenceSaysAll(t *testing.T) {
	all := builtIn()
	var hold func(within string, c spec.Construct)
	hold = func(within string, c spec.Construct) {
		if c.Summary == "" {
			t.Errorf("%s%s has no summary", within, c.Type)
		}
		for _, value := range c.Values {
			if value.Takes == "" || value.Summary == "" {
				t.Errorf("%s%s: %s says nothing", within, c.Type, value.Name)
			}
		}
		for _, a := range c.Schema.Attributes {
			if a.Summary == "" {
				t.Errorf("%s%s: %s says nothing", within, c.Type, a.Name)
			}
		}
		for _, inner := range c.Blocks {
			hold(within+c.Type+" ", inner)
		}
	}
	for _, block := range append(all.Experiment, all.Ablation) {
		hold("", block)
	}
	for _, word := range all.Words() {
		if all.Look(word).Empty() {
			t.Errorf("%s is listed, and not found", word)
		}
		var text bytes.Buffer
		all.Look(word).WriteText(&text, reference.Style{Width: 80, Bold: strings.Clone})
		for line := range strings.Lines(text.String()) {
			if runewidth.StringWidth(strings.TrimRight(line, "\n")) > 80 {
				t.Errorf("%s: wider than 80 columns: %s", word, line)
			}
		}
	}
	if !all.Look("no_such_word").Empty() {
		t.Error("a word that nobody has is found")
	}
}

func TestReferenceOfUnknownWord(t *testing.T) {
	out, code := said("reference", "finetun")
	if code != exitUsage || !strings.Contains(out, `Did you mean "finetune"?`) {
		t.Errorf("exit %d: %s", code, out)
	}
}

// The JSON Schema takes what the loader takes, and refuses what it refuses.
func TestReferenceJSONSchema(t *testing.T) {
	var text bytes.Buffer
	if err := builtIn().WriteJSONSchema(&text); err != nil {
		t.Fatal(err)
	}
	decoded, err := jsonschema.UnmarshalJSON(&text)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("experiment.json", decoded); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("experiment.json")
	if err != nil {
		t.Fatal(err)
	}
	const right = `{
	  "//": "a comment",
	  "experiment": {"x": {"seed": "${var.seed}"}},
	  "variable": {"seed": {"default": 1}},
	  "locals": {"colors": ["red", "green"]},
	  "prompts": {"color": {"template": "a {color} ring", "slots": {"color": "${local.colors}"}}},
	  "sampler": {"shapes": {"base": {"guidance_scale": 1.5}}},
	  "encoder": {"shapes_clip": {"clip": {}}},
	  "rater": {"shapes_judge": {"crowd": {"raters": 3}}},
	  "images": {"few": {"sampler": "${sampler.base}", "prompts": "${prompts.all}", "per_prompt": 2}},
	  "labels": {"human": {"images": "${images.few}", "rater": "${rater.crowd}"}},
	  "reward": {
	    "feedback": {"learned": {"encoder": "${encoder.clip}", "labels": "${labels.human}", "auxiliary": {"prompt_classification": {"weight": 0.5}}}},
	    "weighted_sum": {"mix": {"normalize": "none", "member": [{"reward": "${reward.learned}", "weight": 1}]}}
	  },
	  "finetune": {"full": {"sampler": "${sampler.base}", "reward": "${reward.learned}", "images": "${images.few}", "steps": 2, "trainable": "conditioning", "loss": {"reward_weighted": {}}}},
	  "evaluate": {"main": {"models": ["${sampler.base}", "${finetune.full}"], "prompts": "${prompts.all}", "rewards": ["${reward.mix}"], "alignment": {"rater": "${rater.crowd}"}}}
	}`
	for _, c := range []struct {
		name, old, new string
		wrong          bool
	}{
		{name: "right"},
		{name: "unknown block", old: `"locals"`, new: `"local"`, wrong: true},
		{name: "unknown argument", old: `"per_prompt"`, new: `"per_promt"`, wrong: true},
		{name: "wrong type", old: `"steps": 2`, new: `"steps": "two"`, wrong: true},
		{name: "out of range", old: `"steps": 2`, new: `"steps": 0`, wrong: true},
		{name: "not a choice", old: `"none"`, new: `"nothing"`, wrong: true},
		{name: "missing argument", old: `"images": "${images.few}", "rater"`, new: `"rater"`, wrong: true},
		{name: "null", old: `"steps": 2`, new: `"steps": null`},
		{name: "a third party's component", old: `"shapes": {"base": {"guidance_scale": 1.5}}`, new: `"mine/shapes": {"base": {"any": 1.5}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(right, c.old, c.new, 1)
			var value any
			if err := json.Unmarshal([]byte(text), &value); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); (err != nil) != c.wrong {
				t.Errorf("the schema: %v", err)
			}
			if strings.Contains(c.name, "third party") {
				return // whose plugin is not here
			}
			path := written(t, filepath.Join(t.TempDir(), "x.hcl.json"), text)
			if out, code := said("validate", path); (code != exitOK) != c.wrong {
				t.Errorf("the loader:\n%s", out)
			}
		})
	}
}
