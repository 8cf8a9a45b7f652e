package tokenizer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Added is a token that was added to a trained vocabulary, as textual inversion adds
// one (Gal et al. 2022): wherever its content stands in a text, that is the token,
// whatever its letters are otherwise.
type Added struct {
	ID      int32  `json:"id"`
	Content string `json:"content"`
	// SingleWord has it only between characters that are not of words.
	SingleWord bool `json:"single_word"`
	// Normalized has it looked for in the cleaned text in lower case, rather than in
	// the text as it is; nil: unless it is special.
	Normalized *bool `json:"normalized"`
	Special    bool  `json:"special"`
}

func (a Added) normalized() bool {
	if a.Normalized == nil {
		return !a.Special
	}
	return *a.Normalized
}

// addedTokens are the tokens by their content: of those that fit, the first in the
// text counts, and of these the longest.
type addedTokens struct {
	raw, normal  *regexp.Regexp // nil: none
	byRaw, byLow map[string]Added
}

// index takes tokens to look for.
func index(tokens []Added) addedTokens {
	a := addedTokens{byRaw: map[string]Added{}, byLow: map[string]Added{}}
	for _, token := range tokens {
		if token.normalized() {
			a.byLow[lower(strings.Join(strings.Fields(token.Content), " "))] = token
		} else {
			a.byRaw[token.Content] = token
		}
	}
	a.raw, a.normal = anyOf(a.byRaw), anyOf(a.byLow)
	return a
}

func anyOf(tokens map[string]Added) *regexp.Regexp {
	delete(tokens, "")
	if len(tokens) == 0 {
		return nil
	}
	contents := slices.SortedFunc(maps.Keys(tokens), func(x, y string) int { return cmp.Or(len(y)-len(x), strings.Compare(x, y)) })
	for i, content := range contents {
		contents[i] = regexp.QuoteMeta(content)
	}
	return regexp.MustCompile(strings.Join(contents, "|"))
}

// cut visits a text in parts: tokens, and what is between them.
func cut(text string, find *regexp.Regexp, known map[string]Added, visit func(part string, token *Added)) {
	start := 0
	if find != nil {
		for _, at := range find.FindAllStringIndex(text, -1) {
			token := known[text[at[0]:at[1]]]
			if token.SingleWord && (ofWord(utf8.DecodeLastRuneInString(text[:at[0]])) || ofWord(utf8.DecodeRuneInString(text[at[1]:]))) {
				continue
			}
			if start < at[0] {
				visit(text[start:at[0]], nil)
			}
			visit(text[at[0]:at[1]], &token)
			start = at[1]
		}
	}
	if start < len(text) {
		visit(text[start:], nil)
	}
}

func ofWord(r rune, size int) bool {
	return size > 0 && (r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

// WithVectors is the tokenizer for which a token that textual inversion gave several
// vectors is all of them: "<cat>" is "<cat> <cat>_1 <cat>_2", as in diffusers.
func (t *Tokenizer) WithVectors() *Tokenizer {
	out := *t
	out.vectors = map[int32][]int32{}
	byContent := map[string]int32{}
	for _, token := range t.tokens {
		byContent[token.Content] = token.ID
	}
	for _, token := range t.tokens {
		ids := []int32{token.ID}
		for i := 1; ; i++ {
			id, ok := byContent[token.Content+"_"+strconv.Itoa(i)]
			if !ok {
				break
			}
			ids = append(ids, id)
		}
		out.vectors[token.ID] = ids
	}
	return &out
}

// readAdded gathers the tokens that a directory's files add, in whichever of them
// they are: added_tokens.json, tokenizer_config.json, and given those of
// tokenizer.json. What one file says of an ID and another one otherwise is an error.
func readAdded(directory string, given []Added) ([]Added, error) {
	tokens := map[int32]Added{}
	add := func(token Added, file string) error {
		if first, ok := tokens[token.ID]; ok && first.Content != token.Content {
			return fmt.Errorf("the added token %d is %q, and %q in %s", token.ID, first.Content, token.Content, file)
		} else if !ok {
			tokens[token.ID] = token
		}
		return nil
	}
	for _, token := range given {
		if err := add(token, "tokenizer.json"); err != nil {
			return nil, err
		}
	}
	var settings struct {
		Decoder map[string]Added `json:"added_tokens_decoder"` // by ID
	}
	if err := readIfThere(directory, "tokenizer_config.json", &settings); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(settings.Decoder)) {
		id, err := strconv.ParseInt(key, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("tokenizer_config.json adds a token with the id %q", key)
		}
		token := settings.Decoder[key]
		token.ID = int32(id)
		if err := add(token, "tokenizer_config.json"); err != nil {
			return nil, err
		}
	}
	var plain map[string]json.RawMessage
	if err := readIfThere(directory, "added_tokens.json", &plain); err != nil {
		return nil, err
	}
	for _, content := range slices.Sorted(maps.Keys(plain)) {
		var id int32
		if err := json.Unmarshal(plain[content], &id); err != nil {
			return nil, fmt.Errorf("added_tokens.json gives %q the id %s", content, plain[content])
		}
		if err := add(Added{ID: id, Content: content}, "added_tokens.json"); err != nil {
			return nil, err
		}
	}
	all := slices.Collect(maps.Values(tokens))
	slices.SortFunc(all, func(x, y Added) int { return cmp.Compare(x.ID, y.ID) })
	return all, nil
}
