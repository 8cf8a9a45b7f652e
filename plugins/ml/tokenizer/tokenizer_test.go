package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// small is a vocabulary of 1,014 tokens.
const small = "../models/testdata/tiny-stable-diffusion/tokenizer"

// reference holds texts with the ids of openai/CLIP's own tokenizer on the small
// vocabulary in small.
type reference struct {
	Cases []struct {
		Text, Cleaned, Lower string
		IDs                  []int32 `json:"ids"`
	}
	Padded []struct {
		Text string
		IDs  []int32 `json:"ids"`
	}
}

func golden(t testing.TB) (*Tokenizer, reference) {
	t.Helper()
	tokenizer, err := Load(small)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all reference
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return tokenizer, all
}

func TestEncode(t *testing.T) {
	tokenizer, all := golden(t)
	if len(all.Cases) != 180 {
		t.Fatalf("%d cases", len(all.Cases))
	}
	for _, c := range all.Cases {
		if got := Clean(c.Text); got != c.Cleaned {
			t.Errorf("%+q is cleaned to %+q, want %+q", c.Text, got, c.Cleaned)
		}
		if got := lower(c.Cleaned); got != c.Lower {
			t.Errorf("%+q in lower case is %+q, want %+q", c.Cleaned, got, c.Lower)
		}
		if got := tokenizer.Encode(c.Text); !slices.Equal(got, c.IDs) {
			t.Errorf("%+q has the ids %v, want %v", c.Text, got, c.IDs)
		}
		// Cleaned by somebody else, every text has the reference's ids.
		if got := tokenizer.Encode(c.Cleaned); !slices.Equal(got, c.IDs) {
			t.Errorf("%+q has the ids %v, want %v", c.Cleaned, got, c.IDs)
		}
	}
}

func TestSequence(t *testing.T) {
	tokenizer, all := golden(t)
	for _, c := range all.Padded {
		got, truncated := tokenizer.Sequence(c.Text, 77)
		if !slices.Equal(got, c.IDs) {
			t.Errorf("%q: %v, want %v", c.Text, got, c.IDs)
		}
		if want := len(tokenizer.Encode(c.Text)) > 75; truncated != want {
			t.Errorf("%q: truncated is %v", c.Text, truncated)
		}
	}
	for length, want := range map[int]bool{75: false, 76: true} {
		ids, truncated := tokenizer.Sequence(strings.Repeat("! ", length), 77)
		if truncated != want || len(ids) != 77 || ids[75] == tokenizer.end || ids[76] != tokenizer.end {
			t.Errorf("%d tokens: truncated is %v, %v", length, truncated, ids)
		}
	}
	if got := tokenizer.Size(); got != 1014 {
		t.Errorf("the vocabulary needs %d rows", got)
	}
}

// TestClean: repairs that the golden texts have no case for.
func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"it&amp;rsquo;s":       "it's",
		"a &lt;b&gt; c":        "a <b> c",
		"<i>&ldquo;a&rdquo;":   "<i>“a”",
		"a\xffb":               "a\ufffdb",
		"\u0132sselmeer":       "IJsselmeer",
		"\u200b":               "\u200b",
		"&#39;&amp;amp;#39;":   "''",
		"R&AMP;D P&EACUTE;REZ": "R&D PÉREZ",
		"STRA&SZLIG;E &SEMI;":  "STRASSE ;",
		"&nTILDE; &NOSUCH;":    "&nTILDE; &NOSUCH;",
		" \u3000\u00a0 \u2028": "",
	} {
		if got := Clean(text); got != want {
			t.Errorf("%+q is cleaned to %+q, want %+q", text, got, want)
		}
	}
}

// TestLoadFast: tokenizer.json alone gives the same ids, in both spellings of
// its merges.
func TestLoadFast(t *testing.T) {
	want, all := golden(t)
	vocabulary, merges, _, err := read(small)
	if err != nil {
		t.Fatal(err)
	}
	pairs := make([][]string, len(merges))
	for i, line := range merges {
		pairs[i] = strings.Fields(line)
	}
	for _, spelled := range []any{merges, pairs} {
		directory := t.TempDir()
		words := map[string]int32{}
		for token, id := range vocabulary {
			if !strings.HasPrefix(token, "<|") {
				words[token] = id
			}
		}
		write(t, directory, "tokenizer.json", map[string]any{
			"added_tokens": []any{map[string]any{"id": 1012, "content": startToken}, map[string]any{"id": 1013, "content": endToken}},
			"model":        map[string]any{"type": "BPE", "end_of_word_suffix": "</w>", "vocab": words, "merges": spelled},
		})
		got, err := Load(directory)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all.Cases {
			if ids := got.Encode(c.Text); !slices.Equal(ids, want.Encode(c.Text)) {
				t.Errorf("%+q: %v, want %v", c.Text, ids, want.Encode(c.Text))
			}
		}
	}
}

func write(t *testing.T, directory, name string, content any) {
	t.Helper()
	text, ok := content.(string)
	if !ok {
		encoded, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPadding: the padding token is the settings' own.
func TestPadding(t *testing.T) {
	vocabulary, merges, _, err := read(small)
	if err != nil {
		t.Fatal(err)
	}
	for want, settings := range map[int32]string{
		0:    `{"pad_token": "!"}`,
		1:    `{"pad_token": {"content": "\""}}`,
		1013: `{}`,
	} {
		directory := t.TempDir()
		write(t, directory, "vocab.json", vocabulary)
		write(t, directory, "merges.txt", strings.Join(merges, "\r\n"))
		write(t, directory, "tokenizer_config.json", settings)
		tokenizer, err := Load(directory)
		if err != nil {
			t.Fatal(err)
		}
		if ids, _ := tokenizer.Sequence("a", 5); ids[4] != want {
			t.Errorf("%s: %v", settings, ids)
		}
	}
}

func TestMistakes(t *testing.T) {
	vocabulary, merges, _, err := read(small)
	if err != nil {
		t.Fatal(err)
	}
	without := func(token string) map[string]int32 {
		out := map[string]int32{}
		for other, id := range vocabulary {
			if other != token {
				out[other] = id
			}
		}
		return out
	}
	doubled := without("")
	doubled["extra"] = 7
	for name, test := range map[string]struct {
		files map[string]any
		want  []string
	}{
		"nothing":          {nil, []string{"No tokenizer in", "vocab.json and merges.txt"}},
		"merges alone":     {map[string]any{"merges.txt": merges[0]}, []string{"vocab.json"}},
		"damaged":          {map[string]any{"merges.txt": merges[0], "vocab.json": `{"a": `}, []string{"vocab.json"}},
		"no end":           {map[string]any{"merges.txt": merges[0], "vocab.json": without(endToken)}, []string{"not one of CLIP", endToken}},
		"no byte":          {map[string]any{"merges.txt": merges[0], "vocab.json": without("Ġ</w>")}, []string{`"Ġ</w>" is missing`}},
		"no such merge":    {map[string]any{"merges.txt": "i n\nq q", "vocab.json": vocabulary}, []string{`merge 2, "q q"`, `"qq" is missing`}},
		"half a merge":     {map[string]any{"merges.txt": "i", "vocab.json": vocabulary}, []string{`merge 1, "i"`}},
		"doubled id":       {map[string]any{"merges.txt": "", "vocab.json": doubled}, []string{`"extra"`, "same id 7"}},
		"negative id":      {map[string]any{"merges.txt": "", "vocab.json": map[string]int32{"a": -1}}, []string{"impossible id -1"}},
		"of another kind":  {map[string]any{"tokenizer.json": `{"model": {"type": "Unigram"}}`}, []string{"not a tokenizer of CLIP", "Unigram"}},
		"unknown padding":  {map[string]any{"merges.txt": "i n", "vocab.json": vocabulary, "special_tokens_map.json": `{"pad_token": "[PAD]"}`}, []string{"[PAD]"}},
		"number as merges": {map[string]any{"tokenizer.json": `{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": {}, "merges": [1]}}`}, []string{"merge 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			for file, content := range test.files {
				write(t, directory, file, content)
			}
			_, err := Load(directory)
			if err == nil {
				t.Fatal("it is loaded")
			}
			for _, want := range append(test.want, directory) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// FuzzEncode: any text has ids, all of the vocabulary, and a sequence of the
// asked length that begins with start and ends with end or padding.
func FuzzEncode(f *testing.F) {
	tokenizer, all := golden(f)
	for _, c := range all.Cases {
		f.Add(c.Text)
	}
	f.Add("\xff\xfe&#0;&#x110000;&;\x1b[")
	f.Fuzz(func(t *testing.T, text string) {
		ids, truncated := tokenizer.Sequence(text, 77)
		if len(ids) != 77 || ids[0] != tokenizer.start || ids[76] != tokenizer.end {
			t.Fatalf("%q: %v", text, ids)
		}
		if truncated && slices.Index(ids, tokenizer.pad) < 0 {
			t.Errorf("%q: truncated without an end", text)
		}
		for _, id := range ids {
			if id < 0 || int(id) >= tokenizer.Size() {
				t.Errorf("%q: id %d", text, id)
			}
		}
		if cleaned := Clean(text); strings.Contains(cleaned, "  ") {
			t.Errorf("%q: spaces are left in %q", text, cleaned)
		}
	})
}

// TestBeyond: what is left out, in whole words, and nothing of a text that fits.
func TestBeyond(t *testing.T) {
	tokenizer, all := golden(t)
	for _, c := range all.Cases {
		_, truncated := tokenizer.Sequence(c.Text, 77)
		if beyond := tokenizer.Beyond(c.Text, 77); (beyond != "") != truncated || !strings.HasSuffix(lower(Clean(c.Text)), beyond) {
			t.Errorf("%q: %q is left out, truncated is %v", c.Text, beyond, truncated)
		}
	}
	fits := strings.Repeat("! ", 75)
	if got := tokenizer.Beyond(fits+"A Red  Ring", 77); got != "a red ring" {
		t.Errorf("left out: %q", got)
	}
	if got := tokenizer.TooLong(fits+"! !", 77); !strings.Contains(got, fits[:60]+"…") || !strings.Contains(got, "has 77 tokens") || !strings.HasSuffix(got, `"! !"`) {
		t.Errorf("warning %q", got)
	}
}
