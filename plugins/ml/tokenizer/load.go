package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Load reads the tokenizer in directory: vocab.json and merges.txt, or
// tokenizer.json if they are not there.
func Load(directory string) (*Tokenizer, error) {
	vocabulary, merges, err := read(directory)
	if err != nil {
		return nil, err
	}
	t, err := build(vocabulary, merges)
	if err != nil {
		return nil, sdk.Diagnostic{
			Summary: "The tokenizer in " + directory + " is not one of CLIP",
			Detail:  "Its files hold another vocabulary or are damaged: " + err.Error() + ".",
		}
	}
	pad, err := paddingToken(directory)
	if err != nil {
		return nil, err
	}
	if pad != "" {
		id, ok := vocabulary[pad]
		if !ok {
			return nil, sdk.Diagnostic{
				Summary: "The tokenizer in " + directory + " contradicts itself",
				Detail:  fmt.Sprintf("Its padding token %q is not in the vocabulary.", pad),
			}
		}
		t.pad = id
	}
	return t, nil
}

// read returns the ids by token, and the merges as "first second" in the order
// of their ranks.
func read(directory string) (vocabulary map[string]int32, merges []string, err error) {
	text, err := os.ReadFile(filepath.Join(directory, "merges.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return readFast(directory)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read tokenizer: %w", err)
	}
	if err := readJSON(filepath.Join(directory, "vocab.json"), &vocabulary); err != nil {
		return nil, nil, err
	}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || i == 0 && strings.HasPrefix(line, "#version") {
			continue
		}
		merges = append(merges, line)
	}
	return vocabulary, merges, nil
}

// readFast reads tokenizer.json, which holds all in one.
func readFast(directory string) (map[string]int32, []string, error) {
	path := filepath.Join(directory, "tokenizer.json")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, sdk.Diagnostic{
			Summary: "No tokenizer in " + directory,
			Detail:  "The directory needs the model's vocab.json and merges.txt, or its tokenizer.json.",
		}
	}
	var file struct {
		Added []struct {
			ID      int32  `json:"id"`
			Content string `json:"content"`
		} `json:"added_tokens"`
		Model struct {
			Type       string            `json:"type"`
			Suffix     string            `json:"end_of_word_suffix"`
			Vocabulary map[string]int32  `json:"vocab"`
			Merges     []json.RawMessage `json:"merges"` // "a b", or in newer files ["a", "b"]
		} `json:"model"`
	}
	if err := readJSON(path, &file); err != nil {
		return nil, nil, err
	}
	if file.Model.Type != "BPE" || file.Model.Suffix != wordEnd || file.Model.Vocabulary == nil {
		return nil, nil, sdk.Diagnostic{
			Summary: path + " is not a tokenizer of CLIP",
			Detail:  fmt.Sprintf("Its model is of the type %q with the end of a word %q; CLIP's is \"BPE\" with %q.", file.Model.Type, file.Model.Suffix, wordEnd),
		}
	}
	for _, added := range file.Added {
		file.Model.Vocabulary[added.Content] = added.ID
	}
	var merges []string
	for _, raw := range file.Model.Merges {
		var pair []string
		var line string
		if json.Unmarshal(raw, &pair) == nil {
			line = strings.Join(pair, " ")
		} else if err := json.Unmarshal(raw, &line); err != nil {
			return nil, nil, fmt.Errorf("read tokenizer %s: merge %s: %w", path, raw, err)
		}
		merges = append(merges, line)
	}
	return file.Model.Vocabulary, merges, nil
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read tokenizer: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read tokenizer %s: %w", path, err)
	}
	return nil
}

// build checks a vocabulary and indexes it: every byte has its two tokens, and
// every merge makes a token, so that any text can be encoded.
func build(vocabulary map[string]int32, merges []string) (*Tokenizer, error) {
	t := &Tokenizer{merges: make(map[[2]int32]merging, len(merges))}
	owner := make(map[int32]string, len(vocabulary))
	for token, id := range vocabulary {
		if id < 0 || id == math.MaxInt32 {
			return nil, fmt.Errorf("token %q has the impossible id %d", token, id)
		}
		if other, ok := owner[id]; ok {
			return nil, fmt.Errorf("tokens %q and %q have the same id %d", min(token, other), max(token, other), id)
		}
		owner[id] = token
		t.highest = max(t.highest, id)
	}
	var missing error
	find := func(token string) int32 {
		id, ok := vocabulary[token]
		if !ok && missing == nil {
			missing = fmt.Errorf("token %q is missing", token)
		}
		return id
	}
	t.start, t.end = find(startToken), find(endToken)
	t.pad = t.end
	for b, symbol := range symbols {
		t.inside[b], t.last[b] = find(symbol), find(symbol+wordEnd)
	}
	for rank, line := range merges {
		first, second, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(second, " ") {
			return nil, fmt.Errorf("merge %d, %q, is not two tokens", rank+1, line)
		}
		pair := [2]int32{find(first), find(second)}
		m := merging{rank: rank, id: find(first + second)}
		if missing != nil {
			return nil, fmt.Errorf("merge %d, %q: %w", rank+1, line, missing)
		}
		if _, twice := t.merges[pair]; !twice {
			t.merges[pair] = m
		}
	}
	return t, missing
}

// paddingToken is the token that the directory's settings pad with, empty if
// they say nothing: then it is the end token. Stable Diffusion 2 pads with "!".
func paddingToken(directory string) (string, error) {
	for _, name := range []string{"tokenizer_config.json", "special_tokens_map.json"} {
		path := filepath.Join(directory, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var settings struct {
			Pad json.RawMessage `json:"pad_token"` // "token", or {"content": "token"}
		}
		if err := readJSON(path, &settings); err != nil {
			return "", err
		}
		var token string
		var added struct {
			Content string `json:"content"`
		}
		if json.Unmarshal(settings.Pad, &token) == nil && token != "" {
			return token, nil
		}
		if json.Unmarshal(settings.Pad, &added) == nil && added.Content != "" {
			return added.Content, nil
		}
	}
	return "", nil
}
