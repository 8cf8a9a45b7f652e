package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func readTest(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestAddedTokens: texts with tokens that were added have the ids of transformers
// (testdata/golden.py), whichever file names them.
func TestAddedTokens(t *testing.T) {
	vocabulary, merges, _, err := read(small)
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Added []json.RawMessage `json:"added_tokens"`
		Cases []struct {
			Text string
			IDs  []int32 `json:"ids"`
		}
	}
	readTest(t, "testdata/added.json", &golden)
	decoder := map[string]json.RawMessage{}
	for _, raw := range golden.Added {
		var token Added
		if err := json.Unmarshal(raw, &token); err != nil {
			t.Fatal(err)
		}
		decoder[strconv.Itoa(int(token.ID))] = raw
	}
	for name, files := range map[string]map[string]any{
		"tokenizer.json": {"tokenizer.json": map[string]any{
			"added_tokens": golden.Added,
			"model":        map[string]any{"type": "BPE", "end_of_word_suffix": "</w>", "vocab": vocabulary, "merges": merges},
		}},
		"tokenizer_config.json": {"vocab.json": vocabulary, "merges.txt": strings.Join(merges, "\n"), "tokenizer_config.json": map[string]any{"added_tokens_decoder": decoder}},
		"all of them": {"vocab.json": vocabulary, "merges.txt": strings.Join(merges, "\n"), "added_tokens.json": map[string]int{"<cat-toy>": 1014},
			"tokenizer.json": map[string]any{"added_tokens": golden.Added}},
	} {
		directory := t.TempDir()
		for file, content := range files {
			write(t, directory, file, content)
		}
		got, err := Load(directory)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, c := range golden.Cases {
			if ids := got.Encode(c.Text); !slices.Equal(ids, c.IDs) {
				t.Errorf("%s: %q has the ids %v, want %v", name, c.Text, ids, c.IDs)
			}
		}
		if got.Size() != 1020 {
			t.Errorf("%s: %d tokens", name, got.Size())
		}
		many := got.WithVectors()
		if ids, want := many.Encode("a <cat-toy> on"), []int32{320, 1014, 1015, 1016, 525}; !slices.Equal(ids, want) {
			t.Errorf("%s: a token of several vectors is %v, want %v", name, ids, want)
		}
		if beyond := many.Beyond("a <Cat-Toy> on", 6); beyond != "on" {
			t.Errorf("%s: beyond is %q", name, beyond)
		}
	}
}

// TestAddedTokenCases: files as people have them (testdata/cases).
func TestAddedTokenCases(t *testing.T) {
	vocabulary, merges, _, err := read(small)
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Prompt string
		IDs    []int32 `json:"ids"`
	}
	readTest(t, "testdata/cases/added-token-file/expected.json", &want)
	copyOf := func(name string) map[string]any {
		files := map[string]any{"vocab.json": vocabulary, "merges.txt": strings.Join(merges, "\n")}
		paths, _ := filepath.Glob("testdata/cases/" + name + "/*.json")
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(path)] = string(text)
		}
		return files
	}
	for _, name := range []string{"added-token-file", "added-token-padding"} {
		directory := t.TempDir()
		for file, content := range copyOf(name) {
			write(t, directory, file, content)
		}
		got, err := Load(directory)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		length := len(want.IDs)
		ids, _ := got.Sequence(want.Prompt, length+2)
		if pad := map[string]int32{"added-token-file": 1013, "added-token-padding": 1014}[name]; !slices.Equal(ids[:length], want.IDs) || ids[length] != pad || ids[length+1] != pad {
			t.Errorf("%s: %v, want %v and twice %d", name, ids, want.IDs, pad)
		}
	}
}

// TestAddedTokenMistakes: files that contradict each other, or ask for what CLIP's
// tokenizer does not do, are refused.
func TestAddedTokenMistakes(t *testing.T) {
	vocabulary, merges, _, err := read(small)
	if err != nil {
		t.Fatal(err)
	}
	model := map[string]any{"type": "BPE", "end_of_word_suffix": "</w>", "vocab": vocabulary, "merges": merges}
	for want, files := range map[string]map[string]any{
		`the added token 1014 is "<b>", and "<a>" in added_tokens.json`: {"added_tokens.json": `{"<a>": 1014}`, "tokenizer_config.json": `{"added_tokens_decoder": {"1014": {"content": "<b>"}}}`},
		`have the same id 7`:               {"added_tokens.json": `{"<a>": 7}`},
		`was added with the id 1014`:       {"added_tokens.json": `{"<|endoftext|>": 1014}`},
		`gives "<a>" the id "x"`:           {"added_tokens.json": `{"<a>": "x"}`},
		`with the id "x"`:                  {"tokenizer_config.json": `{"added_tokens_decoder": {"x": {"content": "<b>"}}}`},
		`do_lower_case false`:              {"tokenizer_config.json": `{"do_lower_case": false}`},
		`its normalizer tells capitals`:    {"tokenizer.json": map[string]any{"normalizer": map[string]any{"type": "NFC"}, "model": model}},
		`its dropout is 0.1`:               {"tokenizer.json": map[string]any{"model": map[string]any{"type": "BPE", "end_of_word_suffix": "</w>", "vocab": vocabulary, "merges": merges, "dropout": 0.1}}},
		`git lfs pull`:                     {"vocab.json": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"},
		"text in UTF-16":                   {"vocab.json": "\xff\xfe{\x00}\x00"},
		"In its place is a pointer: it is": {"merges.txt": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"},
	} {
		directory := t.TempDir()
		if files["tokenizer.json"] == nil {
			write(t, directory, "vocab.json", vocabulary)
			write(t, directory, "merges.txt", strings.Join(merges, "\n"))
		}
		for file, content := range files {
			write(t, directory, file, content)
		}
		if _, err := Load(directory); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	directory := t.TempDir()
	text, err := json.Marshal(vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	write(t, directory, "vocab.json", "\xef\xbb\xbf"+string(text))
	write(t, directory, "merges.txt", "\xef\xbb\xbf#version: 0.2\r\n"+strings.Join(merges, "\r\n"))
	if got, err := Load(directory); err != nil || !slices.Equal(got.Encode("a"), []int32{320}) {
		t.Errorf("byte order marks: %v", err)
	}
}
