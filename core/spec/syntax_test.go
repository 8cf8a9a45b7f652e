package spec

import (
	"strings"
	"testing"
)

// What people write who come from another language, and what they are told.
func TestReword(t *testing.T) {
	for body, want := range map[string]string{
		"a = a {color}":                           `Text without quotes: A text stands in quotes: a = "a {color}"`,
		"a = {color} ring":                        `Text without quotes: A text stands in quotes: a = "{color} ring"`,
		`b "x" { a = a {color} }`:                 `Text without quotes: A text stands in quotes: a = "a {color}"`,
		`b { a = 1, c = 2 }`:                      `Block of one line: A block on one line holds a single argument`,
		`b { a = 1 c = 2 }`:                       `Block of one line: A block on one line holds a single argument`,
		`b { a = [c for c in local.xs] }`:         `Comprehension of another language: The loop stands first: [for c in local.xs : c]`,
		"a = [c for c in local.xs]":               `Comprehension of another language: The loop stands first: [for c in local.xs : c]`,
		`a = [c.x for c in ["r", "g"] if c != 1]`: `Comprehension of another language: The loop stands first: [for c in ["r", "g"] : c.x if c != 1]`,
		"a = {k: v for k, v in local.xs}":         `Comprehension of another language: The loop stands first: {for k, v in local.xs : k => v}`,
		`a = 1 if true else 2`:                    `Condition of another language: Write the condition first: a = true ? 1 : 2`,
		"a = not true":                            `Operator of another language: "not" is written !`,
		"a = true and false":                      `Operator of another language: "and" is written &&`,
		"a: 1":                                    `Colon in place of =: Write a = 1`,
		`a = ["x" "y"]`:                           `Missing comma: The elements of a list have commas between them. Write one before "y"].`,
		`a = 'x'`:                                 `Invalid character: Single quotes are not valid. Use double quotes`,
		"a = \"x\n b = \"y\"":                     `Quotes not closed: A text in quotes ends on its line`,
		"a = ":                                    `Value expected: A value stands here`,
		"a = [1, 2\n":                             `List not closed`,
		"a = true ? 1":                            `Half a condition`,
	} {
		_, diagnostics := ParseText("x.hcl", []byte("locals {\n  "+body+"\n}\n"))
		if len(diagnostics) == 0 {
			t.Errorf("%s: no mistake", body)
			continue
		}
		if got := diagnostics[:1].Error(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
		if diagnostics[0].Subject.Start.Line < 1 || diagnostics[0].Subject.Start.Line > 4 {
			t.Errorf("%s: on line %d", body, diagnostics[0].Subject.Start.Line)
		}
		if len(diagnostics) > 2 {
			t.Errorf("%s: one mistake is told %d times: %v", body, len(diagnostics), diagnostics)
		}
	}
}

// A step that there is not comes with those that there are.
func TestChoices(t *testing.T) {
	const rest = `
experiment "x" {}
variable "which" { default = "colr" }
prompts "color" { list = ["a red ring"] }
sampler "shapes" "base" {}
images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}
`
	for body, want := range map[string]string{
		"local.object.y":           `No such key: This object has no key "y". Did you mean "x"? It has beta or x.`,
		`local.object["bta"]`:      `No such key: This object has no key "bta". Did you mean "beta"? It has beta or x.`,
		"local.object[var.which]":  `No such key: This object has no key "colr". It has beta or x.`,
		"local.list[5]":            `No such element: The list has 2 elements, with the indices 0 to 1, and this is index 5.`,
		"local.list.name":          `No such element: This is a list, whose elements have no names such as "name".`,
		"[][0]":                    `No such element: The list is empty.`,
		"prompts[var.which]":       `Unknown prompts: No prompts block is called "colr". Did you mean "color"? There is color.`,
		"prompts.color.list":       `Nothing in a reference: This is the reference prompts.color`,
		"True":                     `Unknown name: There is nothing called "True" here. Did you mean true?`,
		"None":                     `Unknown name: There is nothing called "None" here. Did you mean null?`,
		"{ a = { b = 1 } }.a.c":    `No such key: This object has no key "c". Did you mean "b"? It has b.`,
		"[for x in [{}] : x.none]": `No such key: This object has no key "none".`,
	} {
		_, diagnostics := Load(t.Context(), write(t, rest+"locals {\n  object = { x = 1, beta = 2 }\n  list = [1, 2]\n  a = "+body+"\n}\n"), Options{Catalog: catalog})
		if len(diagnostics) != 1 || !strings.HasPrefix(diagnostics.Error(), want) {
			t.Errorf("%s: %v, want %s", body, diagnostics, want)
		}
	}
}

// Swapped labels are one mistake, and not one for everything that refers to the block.
func TestSwappedLabels(t *testing.T) {
	_, diagnostics := Load(t.Context(), write(t, `
experiment "x" {}
prompts "color" { list = ["a red ring"] }
sampler "base" "shapes" {}
images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}
evaluate "main" {
  models  = [sampler.base]
  prompts = prompts.all
}
`), Options{Catalog: catalog})
	if len(diagnostics) != 1 || diagnostics[0].Summary != "Labels in the wrong order" || diagnostics[0].Subject.Start.Line != 4 ||
		!strings.Contains(diagnostics[0].Detail, `sampler "shapes" "base"`) {
		t.Errorf("got %v", diagnostics)
	}
}
