package feedback

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// slotWords collects which words fill which slot.
type slotWords map[string]map[string]bool

func (w slotWords) add(slots map[string]string) {
	for slot, word := range slots {
		if word == "" {
			continue
		}
		if w[slot] == nil {
			w[slot] = map[string]bool{}
		}
		w[slot][word] = true
	}
}

// negatives are the texts that differ from a prompt in one slot's word, in the
// order of slots and words, each once. New words are those in words alone:
// where these are the words of seen prompts, an unseen word never stands in a
// negative, which would teach the reward that it is always wrong.
//
// A slot is left alone if its word cannot be told apart in the text from
// another slot's: in "an orange orange" it is not known which one is the color.
func negatives(text string, slots map[string]string, words slotWords) []string {
	found := map[string][]span{}
	for slot, word := range slots {
		found[slot] = find(text, word)
	}
	var out []string
	for _, slot := range slices.Sorted(maps.Keys(slots)) {
		if len(found[slot]) == 0 || ambiguous(slot, found) {
			continue
		}
		for _, word := range slices.Sorted(maps.Keys(words[slot])) {
			if word == slots[slot] {
				continue
			}
			if other := replace(text, found[slot], word); other != text && !slices.Contains(out, other) {
				out = append(out, other)
			}
		}
	}
	return out
}

// span is a stretch of a text, in bytes.
type span struct{ start, end int }

// find lists where a word, or several, stand in a text as whole words.
func find(text, word string) []span {
	var found []span
	if word == "" {
		return nil
	}
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return found
		}
		s := span{from + at, from + at + len(word)}
		before, _ := utf8.DecodeLastRuneInString(text[:s.start])
		after, _ := utf8.DecodeRuneInString(text[s.end:])
		if !inWord(before) && !inWord(after) {
			found = append(found, s)
			from = s.end
		} else {
			_, size := utf8.DecodeRuneInString(text[s.start:])
			from = s.start + size
		}
	}
}

// inWord reports whether a letter goes on a word. It does not at the ends of a
// text, where decoding gives RuneError.
func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// ambiguous reports whether another slot's word overlaps that of slot.
func ambiguous(slot string, words map[string][]span) bool {
	for other, spans := range words {
		if other == slot {
			continue
		}
		for _, a := range words[slot] {
			for _, b := range spans {
				if a.start < b.end && b.start < a.end {
					return true
				}
			}
		}
	}
	return false
}

// replace puts a word in the spans of a text.
func replace(text string, spans []span, word string) string {
	var out strings.Builder
	from := 0
	for _, s := range spans {
		out.WriteString(text[from:s.start])
		out.WriteString(word)
		from = s.end
	}
	out.WriteString(text[from:])
	return out.String()
}
