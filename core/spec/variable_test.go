package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const variables = `
experiment "x" { seed = var.seed }
variable "seed" { default = 1 }
variable "word" { default = "red" }
variable "rate" {
  type    = number
  default = 0.5
}
variable "list" { default = ["a"] }
variable "any" { default = null }
prompts "of_all" { list = [for value in [var.word, var.rate, var.list, var.any] : "text"] }
`

// Later sources win: default, file, later file, command line, override.
func TestVariablePrecedence(t *testing.T) {
	directory := t.TempDir()
	files := []string{filepath.Join(directory, "one.hcl"), filepath.Join(directory, "two.hcl.json")}
	for i, text := range []string{"rate = 1\nword = upper(\"file\")\nlist = [\"one\"]\nseed = 2\n", `{"rate": 2, "list": ["two", "three"]}`} {
		if err := os.WriteFile(files[i], []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	spec := load(t, variables, Options{
		VarFiles:  files,
		Variables: map[string]string{"word": "1 + 1", "rate": "1 + 2", "any": "bare"},
		Overrides: map[string]any{"seed": uint64(1<<63 + 1), "rate": 4},
	})
	want := map[string]any{"rate": 4.0, "word": "1 + 1", "list": []any{"two", "three"}, "any": "bare"}
	delete(spec.Variables, "seed")
	if diff := cmp.Diff(want, spec.Variables); diff != "" {
		t.Errorf("variables differ (-want +got):\n%s", diff)
	}
	if want := uint64(1<<63 + 1); spec.Seed != want {
		t.Errorf("seed is %d, want %d", spec.Seed, want)
	}
}

func TestVariableMistakes(t *testing.T) {
	path := write(t, variables)
	for name, test := range map[string]struct {
		options Options
		want    string
	}{
		"unknown on the command line": {Options{Variables: map[string]string{"sede": "2"}}, `no variable "sede", for which the value on the command line is. Did you mean "seed"?`},
		"unknown override":            {Options{Overrides: map[string]any{"wrod": "x"}}, `no variable "wrod", for which the variant's value is. Did you mean "word"?`},
		"type on the command line":    {Options{Variables: map[string]string{"rate": "fast"}}, `number is expected, and this is the string "fast"`},
		"inferred type":               {Options{Overrides: map[string]any{"seed": []any{1}}}, `number is expected, and this is a list`},
		"inferred list":               {Options{Overrides: map[string]any{"list": "a"}}, `list(string) is expected`},
		"fraction as a seed":          {Options{Overrides: map[string]any{"seed": 1.5}}, `seed takes a whole number, and this is 1.5`},
		"not JSON":                    {Options{Overrides: map[string]any{"seed": func() {}}}, `is not JSON`},
		"missing file":                {Options{VarFiles: []string{"none.hcl"}}, `none.hcl`},
	} {
		t.Run(name, func(t *testing.T) {
			spec, diagnostics := Load(t.Context(), path, test.options)
			if spec != nil || !strings.Contains(diagnostics.Error(), test.want) {
				t.Errorf("got %v, want one with %q", diagnostics, test.want)
			}
		})
	}
}

func TestDeclared(t *testing.T) {
	native := `
experiment "x" { seed = var.seed }
variable "seed" { default = 7 }
variable "through_local" { type = list(string) }
variable "unused" {
  description = "of no use"
  default     = true
  validation {
    condition     = var.unused
    error_message = "no"
  }
}
variable "unused_local" {}
variable "nested" { default = { a = 1 } }
locals {
  one  = [for word in local.two : word]
  two  = var.through_local
  idle = var.unused_local
}
unknown "block" {}
reward "x" "y" {
  auxiliary "z" { weight = local.one[var.nested.a] }
}
`
	json := `{
  "experiment": {"x": {"seed": "${var.seed}"}},
  "variable": {
    "seed": {"default": 7},
    "through_local": {"type": "list(string)"},
    "unused": {"description": "of no use", "default": true},
    "unused_local": {},
    "nested": {"default": {"a": 1}}
  },
  "locals": {"one": "${local.two}", "two": ["${var.through_local}"], "idle": "${var.unused_local}"},
  "reward": {"x": {"y": {"auxiliary": {"z": {"weight": "${local.one[var.nested.a]}"}}}}}
}`
	want := []string{
		"seed number true 7",
		"through_local list(string) true <nil>",
		"unused bool false true",
		"unused_local any false <nil>",
		"nested any true map[a:1]",
	}
	for name, text := range map[string]string{"x.hcl": native, "x.hcl.json": json} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		list, diagnostics := Declared(t.Context(), path, Options{})
		if diagnostics.HasErrors() {
			t.Fatal(diagnostics)
		}
		var got []string
		for _, v := range list {
			got = append(got, strings.Join([]string{v.Name, v.Type, sprint(v.Used), sprint(v.Default)}, " "))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: variables differ (-want +got):\n%s", name, diff)
		}
	}
}

func TestVariableAccept(t *testing.T) {
	list, diagnostics := Declared(t.Context(), write(t, variables), Options{})
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	rate := list[2]
	if got, err := rate.Accept("0.25"); err != nil || got != 0.25 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := rate.Accept([]any{1}); err == nil || err.Error() != "number is expected, and this is a list" {
		t.Errorf("got %v", err)
	}
}
