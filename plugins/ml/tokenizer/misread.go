package tokenizer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text in UTF-8 that some program took for Latin-1 or Windows-1252 has two to
// four characters in place of one: "cafÃ©" was "café". ftfy finds such text by
// how unlikely it is, with tables of characters over many encodings; here are
// those of its cases alone that are plain to see:
//
//   - Â, Ã, Î or Ð with what is a continuation byte, but not with …, ’, Œ or Ž,
//     which stand behind such letters, and with ¥ only inside or between words;
//   - â€ with a continuation byte, which is punctuation, and â‚¬;
//   - ðŸ with two, which is an emoji.
//
// A text with one of these is decoded as a whole if it can be, else where they
// are. Of the 72,075 texts that have one of all pairs of such characters in one of
// three surroundings, 64,953 become what ftfy 6.3.1 makes of them; of the others
// all but 4 ("Ã‚" and "Ãƒ" before a space) stay as they are. Not repaired are: other
// encodings than these two; Arabic, Hebrew, Chinese, Japanese, Korean, Indian
// scripts and symbols without one of the signs above; a byte A0 that became a
// space; letters of Ä, Å and so on in a text that is partly right.

// misread undoes one wrong decoding, if there is one.
func misread(text string) string {
	runes := []rune(text)
	if !slices.ContainsFunc(runes, func(r rune) bool { return r > unicode.MaxASCII }) {
		return text
	}
	found := false
	for i := range runes {
		found = found || sign(runes, i, true) > 0
	}
	if !found {
		return text
	}
	if whole, ok := decoded(runes); ok {
		return whole
	}
	var out strings.Builder
	for start := 0; start < len(runes); {
		if runes[start] <= unicode.MaxASCII {
			out.WriteRune(runes[start])
			start++
			continue
		}
		end := start
		for end < len(runes) && runes[end] > unicode.MaxASCII {
			end++
		}
		out.WriteString(misreadRun(runes[start:end]))
		start = end
	}
	return out.String()
}

// misreadRun is misread of characters that are no ASCII, as a whole if they can
// be, else of each sign.
func misreadRun(run []rune) string {
	var out strings.Builder
	signs := false
	for i := 0; i < len(run); {
		length := max(1, sign(run, i, false))
		part := string(run[i : i+length])
		if one, ok := decoded(run[i : i+length]); ok && length > 1 {
			part, signs = one, true
		}
		out.WriteString(part)
		i += length
	}
	if whole, ok := decoded(run); ok && signs {
		return whole
	}
	return out.String()
}

// sign returns how many characters from i on are one that was misread, as far as
// that is plain; 0: none. whole tells that the text around is judged with it.
func sign(runes []rune, i int, whole bool) int {
	at := func(k int) byte { // a byte that does not begin a character; 0: none
		if i+k < len(runes) {
			if b, ok := byteOf(runes[i+k]); ok && b >= 0x80 && b <= 0xbf {
				return b
			}
		}
		return 0
	}
	switch runes[i] {
	case 'Â', 'Ã', 'Î', 'Ð':
		if at(1) == 0 {
			return 0
		}
		switch runes[i+1] {
		case '…', '’', 'Œ', 'Ž':
			return 0
		case '¥':
			if !whole || i == 0 || runes[i-1] != ' ' && !unicode.IsLower(runes[i-1]) {
				return 0
			}
		}
		return 2
	case 'â':
		if at(1) == 0x80 && at(2) != 0 || at(1) == 0x82 && at(2) == 0xac {
			return 3
		}
	case 'ð':
		if at(1) == 0x9f && at(2) != 0 && at(3) != 0 {
			return 4
		}
	}
	return 0
}

// decoded reads characters as the bytes that they were.
func decoded(runes []rune) (string, bool) {
	text := make([]byte, 0, len(runes))
	for _, r := range runes {
		b, ok := byteOf(r)
		if !ok {
			return "", false
		}
		text = append(text, b)
	}
	return string(text), utf8.Valid(text)
}

// byteOf is the byte that is a character in Windows-1252 or in Latin-1.
func byteOf(r rune) (byte, bool) {
	if r <= 0xff {
		return byte(r), true
	}
	if i := slices.Index(windows1252, r); i >= 0 {
		return byte(0x80 + i), true
	}
	return 0, false
}
