package tokenizer

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad: whatever a tokenizer's files hold, loading them does not panic, and
// a tokenizer that is loaded gives ids of its vocabulary.
func FuzzLoad(f *testing.F) {
	vocabulary, merges, _, err := read(small)
	if err != nil {
		f.Fatal(err)
	}
	file := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(small, name))
		if err != nil {
			f.Fatal(err)
		}
		return content
	}
	whole, err := json.Marshal(map[string]any{
		"added_tokens": []any{map[string]any{"id": 1012, "content": startToken}},
		"model":        map[string]any{"type": "BPE", "end_of_word_suffix": wordEnd, "vocab": vocabulary, "merges": merges},
	})
	if err != nil {
		f.Fatal(err)
	}
	settings := file("tokenizer_config.json")
	f.Add([]byte(nil), file("vocab.json"), file("merges.txt"), settings)
	f.Add(whole, []byte(nil), []byte(nil), settings)
	for _, seed := range []string{
		`{`, `null`, `[]`, `{"model": null}`, `{"model": {"type": "BPE", "end_of_word_suffix": "</w>"}}`,
		`{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": null, "merges": [["a", "b"], "a b", 1]}}`,
		`{"added_tokens": [{"id": -1}], "model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": {"a": 2147483647}}}`,
		`{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": {"a": 1e99}, "merges": {}}}`,
	} {
		f.Add([]byte(seed), []byte(nil), []byte(nil), []byte(`{"pad_token": {"content": 1}}`))
		f.Add([]byte(nil), []byte(seed), []byte("#version: 0.2\r\na b\n\n"), []byte(`{"pad_token": null}`))
	}
	f.Fuzz(func(t *testing.T, fast, vocab, merges, settings []byte) {
		directory := t.TempDir()
		put := func(name string, content []byte) error {
			return os.WriteFile(filepath.Join(directory, name), content, 0o644)
		}
		err := put("tokenizer_config.json", settings)
		if len(fast) > 0 {
			err = errors.Join(err, put("tokenizer.json", fast))
		} else {
			err = errors.Join(err, put("vocab.json", vocab), put("merges.txt", merges))
		}
		if err != nil {
			t.Fatal(err)
		}
		tokenizer, err := Load(directory)
		if err != nil {
			return
		}
		ids, _ := tokenizer.Sequence("Two CATS, don't 東京 <|endoftext|>", 40)
		if len(ids) != 40 || ids[0] != tokenizer.start {
			t.Fatalf("ids %v", ids)
		}
		for _, id := range ids {
			if id < 0 || int(id) >= tokenizer.Size() {
				t.Errorf("id %d of %d", id, tokenizer.Size())
			}
		}
	})
}
