package wordwrap

import (
	"slices"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"pgregory.net/rapid"
)

func TestLines(t *testing.T) {
	for _, test := range []struct {
		text         string
		width        int
		want, broken []string
	}{
		{"", 5, nil, nil},
		{"  one   two ", 7, []string{"one two"}, []string{"one two"}},
		{"one two", 6, []string{"one", "two"}, []string{"one", "two"}},
		{"a --label-sheet", 13, []string{"a", "--label-sheet"}, []string{"a", "--label-sheet"}},
		{"ab cdefghij k", 4, []string{"ab", "cdefghij", "k"}, []string{"ab c", "defg", "hij", "k"}},
		{"two,three,four,five x", 12, []string{"two,three,four,five", "x"}, []string{"two,three,", "four,five x"}},
		// A wide letter takes two cells, an accent that combines none.
		{"漢字 漢字 e\u0301e", 5, []string{"漢字", "漢字", "e\u0301e"}, []string{"漢字", "漢字", "e\u0301e"}},
		{"漢字漢字", 5, []string{"漢字漢字"}, []string{"漢字", "漢字"}},
		{"漢字", 1, []string{"漢字"}, []string{"漢", "字"}},
	} {
		if got := Lines(test.text, test.width); !slices.Equal(got, test.want) {
			t.Errorf("Lines(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
		if got := Broken(test.text, test.width); !slices.Equal(got, test.broken) {
			t.Errorf("Broken(%q, %d) = %q, want %q", test.text, test.width, got, test.broken)
		}
	}
}

// TestNothingIsLost: lines hold all words and are no wider than they may be.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab,漢 \u0301é-"))).Draw(t, "text")
		width := rapid.IntRange(1, 12).Draw(t, "width")
		if got, want := strings.Join(Lines(text, width), " "), strings.Join(strings.Fields(text), " "); got != want {
			t.Fatalf("%q became %q", want, got)
		}
		for _, line := range Lines(text, width) {
			if runewidth.StringWidth(line) > width && strings.Contains(line, " ") {
				t.Fatalf("%q is wider than %d", line, width)
			}
		}
		squeezed := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := squeezed(strings.Join(Broken(text, width), "")); got != squeezed(text) {
			t.Fatalf("%q became %q", text, got)
		}
		for _, line := range Broken(text, max(width, 2)) {
			if runewidth.StringWidth(line) > max(width, 2) {
				t.Fatalf("%q is wider than %d", line, max(width, 2))
			}
		}
	})
}
