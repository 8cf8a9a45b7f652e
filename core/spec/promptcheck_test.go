package spec

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// literate is a catalog whose sampler and rater check prompts.
func literate() Catalog {
	c := fakeCatalog(maps.Clone(catalog))
	for _, kind := range []string{"sampler", "rater"} {
		c[kind] = maps.Clone(c[kind])
		for name, component := range c[kind] {
			component.Capabilities = append(slices.Clone(component.Capabilities), schema.CheckPrompts)
			c[kind][name] = component
		}
	}
	return c
}

// zoo knows every word but a few animals.
func zoo(_ context.Context, _ *Component, prompts []Prompt) (schema.PromptFindings, error) {
	found := schema.PromptFindings{Vocabulary: []string{"horse", "cat"}}
	for i, prompt := range prompts {
		for _, animal := range []string{"unicorn", "hors", "Ünding"} {
			if holds(prompt.Text, animal) {
				found.Faults = append(found.Faults, schema.PromptFault{Prompt: i, Excerpt: animal, Reason: fmt.Sprintf("does not know the word %q", animal)})
			}
		}
		if prompt.Text == "nothing" {
			found.Faults = append(found.Faults, schema.PromptFault{Prompt: i, Reason: "is asked for nothing"})
		}
		if holds(prompt.Text, "dim") {
			found.Faults = append(found.Faults, schema.PromptFault{Prompt: i, Excerpt: "dim", Reason: "hardly sees it", Warning: true})
		}
	}
	return found, nil
}

// drawing is an experiment that draws all its prompts.
const drawing = `
experiment "x" {}
sampler "shapes" "base" {}
images "drawn" {
  sampler = sampler.base
  prompts = prompts.all
}
`

// TestPromptsAreChecked: what a component does not know is an error where it is
// written, whatever way it came into the prompt.
func TestPromptsAreChecked(t *testing.T) {
	for name, test := range map[string]struct {
		text  string // beside drawing; ⟦ and ⟧ stand around what is marked
		wants []string
	}{
		"slot": {`prompts "a" {
  template = "a {animal}"
  slots    = { animal = ["cat", "⟦unicorn⟧"] }
}`, []string{`Sampler "base" does not know the word "unicorn"`, `The prompt is "a unicorn"`, "Known words: horse, cat."}},
		"one of several words": {`prompts "a" {
  template = "a {animal} {where}"
  slots    = { animal = ["cat", "small ⟦unicorn⟧ cub"], where = ["here", "there"] }
}`, []string{`It is in 2 prompts of prompts.a, such as "a small unicorn cub here"`}},
		"no part of a word": {`prompts "a" {
  template = "{kind} {animal}"
  slots    = { kind = ["unicorns", "a"], animal = ["⟦unicorn⟧"] }
}`, []string{"does not know"}},
		"template":    {"prompts \"a\" {\n template = \"a ⟦unicorn⟧ in {where}\"\n slots = { where = [\"snow\"] }\n}", nil},
		"list":        {"prompts \"a\" {\n list = [\"a cat\",\n \"a ⟦unicorn⟧, I say\"]\n}", []string{`The prompt is "a unicorn, I say", of prompts.a`}},
		"not ASCII":   {`prompts "a" { list = ["ein ⟦Ünding⟧ über allem"] }`, nil},
		"escaped":     {`prompts "a" { list = ["⟦a \"unicorn\"⟧"] }`, nil},
		"suggestion":  {`prompts "a" { list = ["a ⟦hors⟧"] }`, []string{`Did you mean "horse"?`}},
		"whole":       {`prompts "a" { list = ["⟦nothing⟧"] }`, []string{`Sampler "base" is asked for nothing`, `The prompt is "nothing".`}},
		"local":       {"locals {\n animals = [\"cat\", \"⟦unicorn⟧\"]\n all = concat(local.animals, [])\n}\nprompts \"a\" {\n list = local.all\n}", nil},
		"default":     {"variable \"animals\" { default = [\"⟦unicorn⟧\"] }\nprompts \"a\" {\n list = var.animals\n}", nil},
		"made":        {"prompts \"a\" {\n list = ⟦[for s in [\"uni\"] : \"a ${s}corn\"]⟧\n}", nil},
		"both places": {"prompts \"a\" { list = [\"a ⟦unicorn⟧\"] }\nprompts \"b\" { list = [\"a unicorn\"] }", []string{"of prompts.b"}},
	} {
		t.Run(name, func(t *testing.T) {
			before, rest, found := strings.Cut(test.text, "⟦")
			marked, after, _ := strings.Cut(rest, "⟧")
			if !found {
				t.Fatal("nothing is marked")
			}
			text := drawing + before + marked + after
			_, list := Load(t.Context(), write(t, text), Options{Catalog: literate(), CheckPrompts: zoo})
			if !list.HasErrors() {
				t.Fatalf("no errors: %v", list)
			}
			at := list[0].Subject
			if want := len(drawing) + len(before); at.Start.Byte != want || at.End.Byte != want+len(marked) {
				t.Errorf("bytes %d to %d are marked, want %q, %d to %d", at.Start.Byte, at.End.Byte, marked, want, want+len(marked))
			}
			for _, want := range test.wants {
				if !strings.Contains(list.Error(), want) {
					t.Errorf("there is no %q in\n%s", want, list.Error())
				}
			}
		})
	}
}

// TestPromptsOfAFileAreChecked: at their line.
func TestPromptsOfAFileAreChecked(t *testing.T) {
	path := write(t, drawing+`prompts "a" { path = "prompts.txt" }`)
	file := filepath.Join(filepath.Dir(path), "prompts.txt")
	if err := os.WriteFile(file, []byte("a cat\r\n\r\n  a grey unicorn \r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, list := Load(t.Context(), path, Options{Catalog: literate(), CheckPrompts: zoo})
	want := diag.Range{File: file, Start: diag.Position{Line: 3, Column: 10, Byte: 18}, End: diag.Position{Line: 3, Column: 17, Byte: 25}}
	if len(list) != 1 || list[0].Subject != want {
		t.Errorf("got %+v, want one at %+v", list, want)
	}
}

// TestPromptsOfJSONAreChecked: that syntax has places too.
func TestPromptsOfJSONAreChecked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.hcl.json")
	text := `{"experiment": {"x": {}}, "sampler": {"shapes": {"base": {}}},
"images": {"drawn": {"sampler": "${sampler.base}", "prompts": "${prompts.all}"}},
"prompts": {"a": {"template": "a {animal}",
  "slots": {"animal": ["cat",
    "unicorn"]}}}}`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, list := Load(t.Context(), path, Options{Catalog: literate(), CheckPrompts: zoo})
	if len(list) != 1 || list[0].Subject.Start.Line != 5 {
		t.Errorf("got %+v, want one on line 5", list)
	}
}

// TestWhoGetsPrompts: every component that would get a prompt is asked about it, and
// only those; one finding names them all.
func TestWhoGetsPrompts(t *testing.T) {
	text := `
experiment "x" {}
prompts "a" { list = ["a cat", "a unicorn"] }
prompts "b" { list = ["a dim dog"] }
prompts "idle" { list = ["a unicorn that nobody draws"] }
sampler "shapes" "base" {}
sampler "shapes" "other" {}
sampler "shapes" "unused" {}
rater "shapes_judge" "crowd" {}
rater "shapes_judge" "second" {}
images "drawn" {
  sampler = sampler.base
  prompts = prompts.a
}
labels "human" {
  images = images.drawn
  rater  = rater.second
}
evaluate "main" {
  models  = [sampler.other]
  prompts = prompts.b
  alignment { rater = rater.crowd }
}
`
	asked := map[string][]string{}
	_, list := Load(t.Context(), write(t, text), Options{Catalog: literate(), CheckPrompts: func(ctx context.Context, c *Component, prompts []Prompt) (schema.PromptFindings, error) {
		for _, prompt := range prompts {
			asked[c.Name] = append(asked[c.Name], prompt.Text)
		}
		return zoo(ctx, c, prompts)
	}})
	want := map[string]string{"base": "a cat, a unicorn", "second": "a cat, a unicorn", "other": "a dim dog", "crowd": "a dim dog"}
	for name, prompts := range asked {
		if got := strings.Join(prompts, ", "); got != want[name] {
			t.Errorf("%s is asked about %q, want %q", name, got, want[name])
		}
	}
	if len(asked) != len(want) {
		t.Errorf("asked are %v", asked)
	}
	if len(list) != 2 || !strings.Contains(list.Error(), `The same holds for rater "second"`) {
		t.Errorf("got %v, want an error of two components and a warning", list)
	}
	if list[0].Severity != diag.Error || list[1].Severity != diag.Warning || !strings.Contains(list[1].Summary, "hardly sees it") {
		t.Errorf("severities of %+v", list)
	}
}

// TestManyFaultsAreFew: a list of nonsense is not worth a screen a line.
func TestManyFaultsAreFew(t *testing.T) {
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf("%d words", i))
	}
	path := write(t, drawing+`prompts "a" { path = "prompts.txt" }`)
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "prompts.txt"), []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	_, list := Load(t.Context(), path, Options{Catalog: literate(), CheckPrompts: func(_ context.Context, _ *Component, prompts []Prompt) (found schema.PromptFindings, _ error) {
		for i, prompt := range prompts {
			found.Faults = append(found.Faults, schema.PromptFault{Prompt: i, Excerpt: strings.Fields(prompt.Text)[0], Reason: "knows no " + prompt.Text})
		}
		return found, nil
	}})
	if len(list) != mostFaults+1 || !strings.Contains(list.Error(), "There are 500 findings of this kind") {
		t.Errorf("%d findings, the last %+v", len(list), list[len(list)-1])
	}
}

// TestCheckThatFails: the component's own failure is told at its block.
func TestCheckThatFails(t *testing.T) {
	_, list := Load(t.Context(), write(t, drawing+`prompts "a" { list = ["a cat"] }`), Options{Catalog: literate(), CheckPrompts: func(context.Context, *Component, []Prompt) (schema.PromptFindings, error) {
		return schema.PromptFindings{}, diag.Errorf(diag.Range{}, "No dictionary", "")
	}})
	if len(list) != 1 || list[0].Summary != "No dictionary" || list[0].Subject.Start.Line != 3 {
		t.Errorf("got %+v", list)
	}
}
