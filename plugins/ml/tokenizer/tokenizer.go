// Package tokenizer turns texts into the token ids that CLIP's text tower
// reads: byte-level byte-pair encoding (Sennrich et al. 2016) with the
// vocabulary of the model's own files.
//
// Texts are cleaned as CLIP cleans them (Radford et al. 2021, with ftfy and
// html.unescape). Of text that was once decoded with the wrong encoding ("cafÃ©")
// the plain cases are repaired; ftfy guesses more (see misread.go).
//
// The tokenizers of gomlx/go-huggingface 0.3 are SentencePiece's alone, and read
// their files from the hub and not from a directory.
package tokenizer

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// The special tokens of CLIP's vocabulary.
const (
	startToken = "<|startoftext|>"
	endToken   = "<|endoftext|>"
)

// Tokenizer holds a vocabulary. It may be used from several goroutines.
type Tokenizer struct {
	start, end, pad int32
	highest         int32                // of all ids
	inside, last    [256]int32           // the token of a byte, inside a word and at its end
	merges          map[[2]int32]merging // by the two tokens that become one
	tokens          []Added              // but for start and end
	added           addedTokens          // the same
	vectors         map[int32][]int32    // of WithVectors; nil: a token is one
}

// words cuts a cleaned text in lower case into special tokens, contractions,
// words, digits, and runs of anything else but spaces.
var words = regexp.MustCompile(`(?i)<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^ \p{L}\p{N}]+`)

// lower is Unicode's full lower case: what depends on neighbours, as the Greek
// final sigma does, too.
func lower(text string) string { return cases.Lower(language.Und).String(text) }

// Encode returns the ids of a text, without start, end and padding. A special
// token that is written out in the text is that token, as in CLIP; so is an added one.
func (t *Tokenizer) Encode(text string) []int32 {
	var ids []int32
	_, all := t.pieces(text)
	for _, p := range all {
		ids = append(ids, p.ids...)
	}
	return ids
}

// piece is a word of a text, or a token that is written out in it.
type piece struct {
	at  int // where it begins in the cleaned text
	ids []int32
}

// pieces returns a text as it is encoded, cleaned and in lower case, and its pieces.
func (t *Tokenizer) pieces(text string) (cleaned string, all []piece) {
	var out strings.Builder
	token := func(part string, added *Added) {
		ids := []int32{added.ID}
		if many, ok := t.vectors[added.ID]; ok {
			ids = many
		}
		all = append(all, piece{out.Len(), ids})
		out.WriteString(part)
	}
	cut(text, t.added.raw, t.added.byRaw, func(part string, added *Added) {
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		if added != nil {
			token(part, added)
			return
		}
		cut(lower(Clean(part)), t.added.normal, t.added.byLow, func(part string, added *Added) {
			if added != nil {
				token(part, added)
				return
			}
			for _, at := range words.FindAllStringIndex(part, -1) {
				all = append(all, piece{out.Len() + at[0], t.word(part[at[0]:at[1]])})
			}
			out.WriteString(part)
		})
	})
	return out.String(), all
}

// word encodes a piece that words finds.
func (t *Tokenizer) word(text string) []int32 {
	switch text {
	case startToken:
		return []int32{t.start}
	case endToken:
		return []int32{t.end}
	}
	return t.merge(text)
}

// Sequence returns what the text tower reads: start, the text's ids, end, and
// padding up to length. A text that is too long loses its last tokens, and
// truncated says so, so that a caller can tell the user.
func (t *Tokenizer) Sequence(text string, length int) (ids []int32, truncated bool) {
	ids = append(make([]int32, 0, length), t.start)
	of := t.Encode(text)
	if room := max(0, length-2); len(of) > room {
		of, truncated = of[:room], true
	}
	ids = append(append(ids, of...), t.end)
	for len(ids) < length {
		ids = append(ids, t.pad)
	}
	return ids, truncated
}

// Beyond returns the words of a text that Sequence leaves out at this length,
// cleaned and in lower case; empty if all of it fits. A word of which a part
// still fits is among them.
func (t *Tokenizer) Beyond(text string, length int) string {
	room := max(0, length-2)
	cleaned, all := t.pieces(text)
	for _, p := range all {
		if room -= len(p.ids); room < 0 {
			return strings.TrimSpace(cleaned[p.at:])
		}
	}
	return ""
}

// Size is the number of rows that a table of embeddings needs for every id.
func (t *Tokenizer) Size() int { return int(t.highest) + 1 }

// End is the id of the end token.
func (t *Tokenizer) End() int32 { return t.end }

// TooLong is what to tell the user of a text that Sequence truncates.
func (t *Tokenizer) TooLong(text string, length int) string {
	short := text
	if runes := []rune(text); len(runes) > 60 {
		short = string(runes[:60]) + "…"
	}
	return fmt.Sprintf("The prompt %q has %d tokens and the text encoder reads %d: it was truncated, and this has no effect: %q",
		short, len(t.Encode(text)), max(0, length-2), t.Beyond(text, length))
}
