package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Load reads the tokenizer in directory: vocab.json and merges.txt, or
// tokenizer.json if they are not there; and the tokens that were added to it.
func Load(directory string) (*Tokenizer, error) {
	vocabulary, merges, added, err := read(directory)
	if err != nil {
		return nil, err
	}
	wrong := func(err error) error {
		return sdk.Diagnostic{
			Summary: "The tokenizer in " + directory + " is not one of CLIP",
			Detail:  "Its files hold another vocabulary or are damaged: " + err.Error() + ".",
		}
	}
	if added, err = readAdded(directory, added); err != nil {
		return nil, wrong(err)
	}
	for _, token := range added {
		if id, ok := vocabulary[token.Content]; ok && id != token.ID {
			return nil, wrong(fmt.Errorf("token %q has the id %d, and was added with the id %d", token.Content, id, token.ID))
		}
		vocabulary[token.Content] = token.ID
	}
	t, err := build(vocabulary, merges)
	if err != nil {
		return nil, wrong(err)
	}
	t.tokens = slices.DeleteFunc(added, func(a Added) bool {
		return a.ID == t.start || a.ID == t.end || strings.TrimSpace(a.Content) == ""
	})
	t.added = index(t.tokens)
	pad, err := paddingToken(directory)
	if err != nil {
		return nil, err
	}
	if pad != "" {
		id, ok := vocabulary[pad]
		if !ok {
			return nil, sdk.Diagnostic{
				Summary: "The tokenizer in " + directory + " contradicts itself",
				Detail:  fmt.Sprintf("Its padding token %q is neither in the vocabulary nor among the tokens that were added to it.", pad),
			}
		}
		t.pad = id
	}
	return t, nil
}

// read returns the ids by token, and the merges as "first second" in the order
// of their ranks.
func read(directory string) (vocabulary map[string]int32, merges []string, added []Added, err error) {
	text, err := config.File(filepath.Join(directory, "merges.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return readFast(directory)
	}
	if err != nil {
		return nil, nil, nil, unreadable(filepath.Join(directory, "merges.txt"), err)
	}
	if err := readJSON(filepath.Join(directory, "vocab.json"), &vocabulary); err != nil {
		return nil, nil, nil, err
	}
	if vocabulary == nil {
		vocabulary = map[string]int32{}
	}
	// The tokens that were added are in tokenizer.json, too, if that is there.
	var fast fastFile
	if err := readIfThere(directory, "tokenizer.json", &fast); err != nil {
		return nil, nil, nil, err
	}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || i == 0 && strings.HasPrefix(line, "#version") {
			continue
		}
		merges = append(merges, line)
	}
	return vocabulary, merges, fast.Added, nil
}

// fastFile is tokenizer.json.
type fastFile struct {
	Added      []Added         `json:"added_tokens"`
	Normalizer json.RawMessage `json:"normalizer"`
	Model      struct {
		Type       string            `json:"type"`
		Suffix     string            `json:"end_of_word_suffix"`
		Dropout    float64           `json:"dropout"` // of merges, drawn at random
		Vocabulary map[string]int32  `json:"vocab"`
		Merges     []json.RawMessage `json:"merges"` // "a b", or in newer files ["a", "b"]
	} `json:"model"`
}

// lowers reports whether a normalizer of tokenizer.json writes in lower case; so does
// one that is not there.
func lowers(normalizer json.RawMessage) bool {
	var n struct {
		Type  string            `json:"type"`
		Lower bool              `json:"lowercase"` // of BertNormalizer
		Parts []json.RawMessage `json:"normalizers"`
	}
	if len(normalizer) == 0 || string(normalizer) == "null" {
		return true
	}
	if json.Unmarshal(normalizer, &n) != nil {
		return false
	}
	return n.Type == "Lowercase" || n.Lower || n.Type == "Sequence" && slices.ContainsFunc(n.Parts, lowers)
}

// readFast reads tokenizer.json, which holds all in one.
func readFast(directory string) (map[string]int32, []string, []Added, error) {
	path := filepath.Join(directory, "tokenizer.json")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil, sdk.Diagnostic{
			Summary: "No tokenizer in " + directory,
			Detail:  "The directory needs the model's vocab.json and merges.txt, or its tokenizer.json.",
		}
	}
	var file fastFile
	if err := readJSON(path, &file); err != nil {
		return nil, nil, nil, err
	}
	if file.Model.Type != "BPE" || file.Model.Suffix != wordEnd || file.Model.Vocabulary == nil {
		return nil, nil, nil, sdk.Diagnostic{
			Summary: path + " is not a tokenizer of CLIP",
			Detail:  fmt.Sprintf("Its model is of the type %q with the end of a word %q; CLIP's is \"BPE\" with %q.", file.Model.Type, file.Model.Suffix, wordEnd),
		}
	}
	if !lowers(file.Normalizer) {
		return nil, nil, nil, sdk.Diagnostic{
			Summary: path + " is not a tokenizer of CLIP",
			Detail:  "Its normalizer tells capitals apart; CLIP's writes in lower case.",
		}
	}
	if file.Model.Dropout != 0 {
		return nil, nil, nil, sdk.Diagnostic{
			Summary: path + " is not a tokenizer of CLIP",
			Detail:  fmt.Sprintf("Its dropout is %v: it cuts a text at random, and the same text would have other ids each time. Set it to null.", file.Model.Dropout),
		}
	}
	var merges []string
	for _, raw := range file.Model.Merges {
		var pair []string
		var line string
		if json.Unmarshal(raw, &pair) == nil {
			line = strings.Join(pair, " ")
		} else if err := json.Unmarshal(raw, &line); err != nil {
			return nil, nil, nil, fmt.Errorf("read tokenizer %s: merge %s: %w", path, raw, err)
		}
		merges = append(merges, line)
	}
	return file.Model.Vocabulary, merges, file.Added, nil
}

func readJSON(path string, into any) error {
	text, err := config.File(path)
	if err != nil {
		return unreadable(path, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read tokenizer %s: %w", path, err)
	}
	return nil
}

// readIfThere is readJSON of a file that need not be there.
func readIfThere(directory, name string, into any) error {
	path := filepath.Join(directory, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return readJSON(path, into)
}

func unreadable(path string, err error) error {
	var known sdk.Diagnostic
	if errors.As(err, &known) {
		return known
	}
	return fmt.Errorf("read tokenizer %s: %w", path, err)
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
			Pad   json.RawMessage `json:"pad_token"`     // "token", or {"content": "token"}
			Lower *bool           `json:"do_lower_case"` // of a tokenizer that tells capitals apart
		}
		if err := readJSON(path, &settings); err != nil {
			return "", err
		}
		if settings.Lower != nil && !*settings.Lower {
			return "", sdk.Diagnostic{
				Summary: "The tokenizer in " + directory + " is not one of CLIP",
				Detail:  name + " has do_lower_case false; CLIP's writes in lower case.",
			}
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
