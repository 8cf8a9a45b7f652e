package textfile

import (
	"iter"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Alike looks for a name that differs from the given one only in how it is written:
// in a separator of folders, or in its form of Unicode, of which macOS and others
// have two. It returns how they differ, in words, and the other name; "" if there is
// none.
func Alike(name string, exists func(name string) bool, others iter.Seq[string]) (how, other string) {
	if slashes := strings.ReplaceAll(name, `\`, "/"); slashes != name && exists(slashes) {
		return `write / in place of \, which is how Windows writes it`, slashes
	}
	composed := norm.NFC.String(name)
	ascii := strings.IndexFunc(name, func(r rune) bool { return r > 0x7f }) < 0
	if ascii || others == nil {
		return "", ""
	}
	for one := range others {
		if one != name && norm.NFC.String(one) == composed {
			return "it looks the same and has another form of Unicode (" + formOf(one) + "; the one here is " + formOf(name) + "), so write it in the other form of Unicode", one
		}
	}
	return "", ""
}

// formOf names the form that a text is in.
func formOf(text string) string {
	switch {
	case norm.NFC.IsNormalString(text):
		return "composed, NFC"
	case norm.NFD.IsNormalString(text):
		return "decomposed, NFD"
	}
	return "mixed"
}
