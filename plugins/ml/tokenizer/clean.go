package tokenizer

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// passes is how often Clean repairs a text at most: what an entity stands for
// may want a repair itself.
const passes = 4

// Clean returns the text as CLIP reads it, in its own case: what typesetting
// and transport did to it undone (ftfy 6; of wrong encodings only what misread
// knows), HTML entities replaced twice, and white space collapsed to single spaces.
func Clean(text string) string {
	text = strings.ToValidUTF8(text, string(unicode.ReplacementChar))
	for range passes {
		repaired := repair(text)
		if repaired == text {
			break
		}
		text = repaired
	}
	text = html.UnescapeString(html.UnescapeString(text))
	return strings.Join(strings.Fields(text), " ")
}

var (
	// entity is a whole HTML entity.
	entity = regexp.MustCompile(`&#?[0-9A-Za-z]{1,24};`)
	// escape is a terminal's escape sequence, such as a colour.
	escape = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
)

// repair makes one pass of ftfy's repairs, in its order.
func repair(text string) string {
	if !strings.Contains(text, "<") { // else it may be HTML that means its entities
		text = entity.ReplaceAllStringFunc(text, func(name string) string {
			plain := html.UnescapeString(name)
			switch {
			case !strings.HasSuffix(plain, ";"):
				return plain
			case plain == name:
				return capitals(name)
			}
			return name // known in part alone
		})
	}
	for range passes { // before quotes are made plain: those are bytes here
		before := text
		if text = misread(text); text == before {
			break
		}
	}
	var out strings.Builder
	for _, r := range text {
		switch {
		case r >= 0x80 && r <= 0x9f:
			out.WriteRune(windows1252[r-0x80])
		case isLigature(r), r >= 0xff01 && r <= 0xffef: // full and half width
			out.WriteString(norm.NFKC.String(string(r)))
		case r == 0x2bc, r >= 0x2018 && r <= 0x201b:
			out.WriteByte('\'')
		case r >= 0x201c && r <= 0x201f:
			out.WriteByte('"')
		default:
			out.WriteRune(r)
		}
	}
	text = escape.ReplaceAllString(out.String(), "")
	text = strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, text)
	return norm.NFC.String(text)
}

// capitals is what an unknown entity stands for that is a known one in capitals, in
// capitals: "P&EACUTE;REZ" was "P&eacute;rez" once. Other names stay as they are.
func capitals(name string) string {
	if name != strings.ToUpper(name) {
		return name
	}
	plain := html.UnescapeString(strings.ToLower(name))
	if strings.HasSuffix(plain, ";") && plain != ";" {
		return name
	}
	return cases.Upper(language.Und).String(plain)
}

// windows1252 is what the control characters from 0x80 on are in Windows' code
// page, where they usually come from.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

// isLigature reports whether r is several Latin letters set as one.
func isLigature(r rune) bool {
	return r == 'Ĳ' || r == 'ĳ' || r == 'ŉ' || r >= 'Ǆ' && r <= 'ǌ' || r >= 'Ǳ' && r <= 'ǳ' || r >= 'ﬀ' && r <= 'ﬆ'
}

// isControl reports whether r neither shows nor separates anything.
func isControl(r rune) bool {
	switch {
	case r <= 0x08, r == 0x0b, r >= 0x0e && r <= 0x1f, r == 0x7f,
		r >= 0x206a && r <= 0x206f, r == 0xfeff, r >= 0xfff9 && r <= 0xfffc:
		return true
	}
	return false
}
