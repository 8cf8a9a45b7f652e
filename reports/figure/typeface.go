package figure

import (
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	stdfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"

	"gonum.org/v1/plot/font"
)

// The sizes of text in points. None is below 7, the least that is read in a paper.
const (
	titleSize = 9.0
	labelSize = 8.0 // axes and panels
	tickSize  = 7.0
	nameSize  = 7.0
	aboutSize = 7.0
	keySize   = 7.5
)

// typeface is Liberation Sans, whose letters are as wide as Arial's and Helvetica's.
type typeface struct{ regular, bold *opentype.Font }

var liberation = sync.OnceValue(func() typeface {
	parse := func(content []byte) *opentype.Font {
		parsed, err := opentype.Parse(content)
		if err != nil {
			panic("figure: a font that is compiled in cannot be read: " + err.Error())
		}
		return parsed
	}
	return typeface{parse(liberationsansregular.TTF), parse(liberationsansbold.TTF)}
})

func face(size float64, bold bool) font.Face {
	f := font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Length(size)}, Face: liberation().regular}
	if bold {
		f.Font.Weight, f.Face = stdfont.WeightBold, liberation().bold
	}
	return f
}

// width of words in points.
func width(words string, size float64, bold bool) float64 {
	f := face(size, bold)
	return f.Width(words).Points()
}

// printable is words in letters that the typeface has: a box stands for any other.
func printable(words string) string {
	var buffer sfnt.Buffer
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if index, err := liberation().regular.GlyphIndex(&buffer, r); err != nil || index == 0 || unicode.IsControl(r) {
			return '□'
		}
		return r
	}, words)
}

// fitted is words cut in the middle to a width in points.
func fitted(words string, size float64, bold bool, room float64) string {
	if width(words, size, bold) <= room {
		return words
	}
	letters := []rune(words)
	for kept := len(letters) - 1; kept > 0; kept-- {
		cut := string(letters[:(kept+1)/2]) + "…" + string(letters[len(letters)-kept/2:])
		if width(cut, size, bold) <= room {
			return cut
		}
	}
	return "…"
}

// wrapped is words in lines of a width in points.
func wrapped(words string, size float64, bold bool, room float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(words) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && width(longer, size, bold) > room {
			lines = append(lines, line)
			longer = word
		}
		line = fitted(longer, size, bold, room)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// broken is words in lines of a width in points, none of them cut: lines end between
// words, else after a sign within one, else anywhere.
func broken(words string, size float64, bold bool, room float64) []string {
	var lines []string
	line := ""
	add := func(piece string) {
		if line != "" && width(strings.TrimSpace(line+piece), size, bold) > room {
			lines = append(lines, strings.TrimSpace(line))
			line = ""
			piece = strings.TrimLeft(piece, " ")
		}
		line += piece
	}
	for _, word := range strings.Fields(words) {
		separator := " "
		if line == "" {
			separator = ""
		}
		if width(word, size, bold) <= room {
			add(separator + word)
			continue
		}
		for _, piece := range strings.SplitAfter(strings.NewReplacer("_", "_\x00", "=", "=\x00", "-", "-\x00", "/", "/\x00").Replace(word), "\x00") {
			piece = strings.TrimSuffix(piece, "\x00")
			if width(piece, size, bold) <= room {
				add(separator + piece)
				separator = ""
				continue
			}
			for _, letter := range piece {
				add(separator + string(letter))
				separator = ""
			}
		}
	}
	if line != "" {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}
