package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/plumb-ml/plumb/core/diag"
	"pgregory.net/rapid"
)

func sprint(value any) string { return fmt.Sprint(value) }

func texts(prompts []Prompt) []string {
	var list []string
	for _, p := range prompts {
		list = append(list, p.Text)
	}
	return list
}

func TestPromptsTemplate(t *testing.T) {
	spec := load(t, `
experiment "x" {}
prompts "color" {
  template = "a {color} {object}, {color}"
  slots    = { object = ["star", "heart"], color = ["red", "blue"] }
  unseen   = { object = ["heart"] }
}
`, Options{})
	set := spec.Prompts[0]
	prompt := func(color, object, split string) Prompt {
		return Prompt{
			Text: fmt.Sprintf("a %s %s, %s", color, object, color), Category: "color", Split: split,
			Slots: map[string]string{"color": color, "object": object},
		}
	}
	want := []Prompt{
		prompt("red", "star", "seen"), prompt("red", "heart", "unseen"),
		prompt("blue", "star", "seen"), prompt("blue", "heart", "unseen"),
	}
	if diff := cmp.Diff(want, set.Prompts); diff != "" {
		t.Errorf("prompts differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{"color": {"red", "blue"}, "object": {"star"}}, set.Words); diff != "" {
		t.Errorf("words differ (-want +got):\n%s", diff)
	}
}

// A word that holds a slot's spelling is not filled in again.
func TestPromptsWordWithBraces(t *testing.T) {
	spec := load(t, `
experiment "x" {}
prompts "color" {
  template = "{a} {b}"
  slots    = { a = ["{b}"], b = ["c"] }
}
`, Options{})
	if diff := cmp.Diff([]string{"{b} c"}, texts(spec.Prompts[0].Prompts)); diff != "" {
		t.Error(diff)
	}
}

// words draws a list of distinct words.
func words(t *rapid.T, label string, least int) []string {
	return rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,6}`), least, 6, rapid.ID[string]).Draw(t, label)
}

func quotedList(list []string) string { return "[" + strings.Join(quoted(list), ", ") + "]" }

// The invariants of a category, with and without a limit.
func TestPromptsProperties(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.hcl")
	rapid.Check(t, func(t *rapid.T) {
		slots := map[string][]string{}
		for _, name := range []string{"a", "b", "c"} {
			slots[name] = words(t, name, 1)
		}
		held := rapid.SliceOfDistinct(rapid.SampledFrom(slots["b"]), rapid.ID[string]).Draw(t, "held")
		seed := rapid.Uint64Range(0, 1000).Draw(t, "seed")
		total := len(slots["a"]) * len(slots["b"]) * len(slots["c"])
		unseenTotal := total / len(slots["b"]) * len(held)
		least := 1
		if unseenTotal > 0 && unseenTotal < total {
			least = 2
		}
		limit := rapid.IntRange(least, max(least, total+2)).Draw(t, "limit")

		text := func(limit string) string {
			return fmt.Sprintf(`
experiment "x" { seed = %d }
prompts "p" {
  template = "{a}-{b}-{c}"
  slots    = { a = %s, b = %s, c = %s }
  unseen   = { b = %s }
  %s
}`, seed, quotedList(slots["a"]), quotedList(slots["b"]), quotedList(slots["c"]), quotedList(held), limit)
		}
		prompts := func(text string) []Prompt {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			spec, diagnostics := Load(t.Context(), path, Options{})
			if diagnostics.HasErrors() {
				t.Fatal(diagnostics)
			}
			return spec.Prompts[0].Prompts
		}
		all := prompts(text(""))
		if len(all) != total {
			t.Fatalf("%d prompts, want %d", len(all), total)
		}
		count := func(list []Prompt) (unseenCount int) {
			for _, p := range list {
				if (p.Split == "unseen") != slices.Contains(held, p.Slots["b"]) {
					t.Fatalf("%q is %s", p.Text, p.Split)
				}
				if p.Text != p.Slots["a"]+"-"+p.Slots["b"]+"-"+p.Slots["c"] {
					t.Fatalf("%q of %v", p.Text, p.Slots)
				}
				if p.Split == "unseen" {
					unseenCount++
				}
			}
			return unseenCount
		}
		if got := count(all); got != unseenTotal {
			t.Fatalf("%d unseen, want %d", got, unseenTotal)
		}
		drawn := prompts(text(fmt.Sprintf("limit = %d", limit)))
		if len(drawn) != min(limit, total) {
			t.Fatalf("%d drawn, want %d", len(drawn), min(limit, total))
		}
		if !subsequence(texts(drawn), texts(all)) {
			t.Fatalf("%v is not drawn in order from %v", texts(drawn), texts(all))
		}
		if again := prompts(text(fmt.Sprintf("limit = %d", limit))); !cmp.Equal(drawn, again) {
			t.Fatal("the same draw gave other prompts")
		}
		drawnUnseen := count(drawn)
		exact := float64(len(drawn)) * float64(unseenTotal) / float64(total)
		if unseenTotal > 0 && unseenTotal < total {
			if drawnUnseen == 0 || drawnUnseen == len(drawn) {
				t.Fatalf("%d of %d are unseen: one of each is kept", drawnUnseen, len(drawn))
			}
		}
		if float64(drawnUnseen) > max(exact, 0)+1 || float64(drawnUnseen) < exact-1 {
			t.Fatalf("%d unseen of %d, where the share is %.2f", drawnUnseen, len(drawn), exact)
		}
	})
}

// subsequence reports whether part is drawn from whole in order.
func subsequence(part, whole []string) bool {
	i := 0
	for _, word := range whole {
		if i < len(part) && part[i] == word {
			i++
		}
	}
	return i == len(part)
}

// Another seed draws other prompts, and another salt, too.
func TestDrawDependsOnSeedAndSalt(t *testing.T) {
	var prompts []Prompt
	for i := range 100 {
		prompts = append(prompts, Prompt{Text: fmt.Sprint(i)})
	}
	one := func(Prompt) string { return "" }
	base := texts(subset(prompts, 20, 1, "a", one))
	if cmp.Equal(base, texts(subset(prompts, 20, 2, "a", one))) || cmp.Equal(base, texts(subset(prompts, 20, 1, "b", one))) {
		t.Error("the draw ignores its seed or its salt")
	}
	// One more prompt changes the subset by at most one.
	more := texts(subset(append(slices.Clone(prompts), Prompt{Text: "new"}), 20, 1, "a", one))
	kept := 0
	for _, text := range more {
		if slices.Contains(base, text) {
			kept++
		}
	}
	if kept < 19 {
		t.Errorf("only %d of 20 prompts are kept when one is added", kept)
	}
}

func TestQuotas(t *testing.T) {
	for _, test := range []struct {
		sizes []int
		limit int
		want  []int
	}{
		{[]int{80, 20}, 10, []int{8, 2}},
		{[]int{99, 1}, 10, []int{9, 1}},
		{[]int{1, 1, 98}, 3, []int{1, 1, 1}},
		{[]int{5, 5, 5}, 2, []int{1, 1, 0}},
		{[]int{3, 3, 3}, 8, []int{3, 3, 2}},
	} {
		if got := quotas(test.sizes, test.limit); !slices.Equal(got, test.want) {
			t.Errorf("quotas(%v, %d) = %v, want %v", test.sizes, test.limit, got, test.want)
		}
	}
}

// Images take a split, and a limit that keeps every category.
func TestImagesPrompts(t *testing.T) {
	spec := load(t, `
experiment "x" {}
locals { words = [for n in range(20) : "w${n}"] }
prompts "a" {
  template = "a {w}"
  slots    = { w = local.words }
  unseen   = { w = ["w0", "w1", "w2", "w3"] }
}
prompts "b" {
  template = "b {w}"
  slots    = { w = slice(local.words, 0, 10) }
}
sampler "shapes" "base" {}
images "unseen" {
  sampler = sampler.base
  prompts = prompts.all
  split   = "unseen"
}
images "limited" {
  sampler = sampler.base
  prompts = [prompts.b, prompts.a]
  limit   = 6
}
`, Options{})
	if got := texts(spec.Images[0].Prompts); !cmp.Equal(got, []string{"a w0", "a w1", "a w2", "a w3"}) {
		t.Errorf("unseen prompts are %v", got)
	}
	counts := map[string]int{}
	for _, p := range spec.Images[1].Prompts {
		counts[p.Category+" "+p.Split]++
	}
	if diff := cmp.Diff(map[string]int{"a seen": 3, "a unseen": 1, "b seen": 2}, counts); diff != "" {
		t.Errorf("strata differ (-want +got):\n%s", diff)
	}
}

// TestPromptsOfAFile: the lines of a file, without empty ones; stand-ins while
// nothing is there.
func TestPromptsOfAFile(t *testing.T) {
	directory := t.TempDir()
	load := func(block string) (*Spec, diag.List) {
		t.Helper()
		path := filepath.Join(directory, "x.hcl")
		if err := os.WriteFile(path, []byte("experiment \"x\" {}\nprompts \"coco\" {\n"+block+"\n}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		spec, found := Load(t.Context(), path, Options{})
		return spec, slices.DeleteFunc(found, func(d diag.Diagnostic) bool { return d.Summary == "Nothing to do" })
	}
	spec, found := load("path = \"captions.txt\"\nlimit = 3")
	if found.HasErrors() || len(found) != 1 || found[0].Summary != "Missing file or directory" {
		t.Fatalf("without the file: %v", found)
	}
	if p := spec.Prompts[0].Prompts; len(p) != 3 || p[2].Text != "(line 3 of captions.txt)" || p[2].Missing != filepath.Join(directory, "captions.txt") {
		t.Errorf("stand-ins: %+v", p)
	}
	if err := os.WriteFile(filepath.Join(directory, "captions.txt"), []byte("A cat.\r\n\n  two dogs \nA cat.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	spec, found = load("path = \"captions.txt\"")
	if found.HasErrors() {
		t.Fatal(found)
	}
	if p := spec.Prompts[0].Prompts; len(p) != 2 || p[0].Text != "A cat." || p[1].Text != "two dogs" || p[1].Missing != "" || p[1].Category != "coco" {
		t.Errorf("%+v", p)
	}
	if err := os.WriteFile(filepath.Join(directory, "picture.txt"), []byte{0xff, 0xd8, 0xff}, 0o644); err != nil {
		t.Fatal(err)
	}
	for block, want := range map[string]string{
		"path = \"picture.txt\"":                         "UTF-8",
		"path = \".\"":                                   "Cannot read prompts",
		"path = \"captions.txt\"\nlist = [\"a\"]":        "Give one of the three",
		"path = \"captions.txt\"\nunseen = [\"A cat.\"]": "all are seen",
	} {
		if _, found := load(block); !found.HasErrors() || !strings.Contains(found.Error(), want) {
			t.Errorf("%s: %v", block, found)
		}
	}
}
