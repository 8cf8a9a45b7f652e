package diag

import (
	"fmt"
	"strings"

	"github.com/hbollon/go-edlib"
)

// Suggest returns the candidate that the given word was most likely meant to
// be, or "" if none is near: at most a third of the word's letters, and never
// fewer than one, may be wrong; two neighbours swapped are one. Of equally near candidates the first wins.
func Suggest(given string, candidates []string) string {
	best, bestDistance := "", max(1, len([]rune(given))/3)+1
	for _, candidate := range candidates {
		if candidate == given {
			continue
		}
		distance := edlib.OSADamerauLevenshteinDistance(given, candidate)
		if strings.EqualFold(given, candidate) {
			distance = 0
		}
		if distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// DidYouMean returns ` Did you mean "NAME"?` for Suggest's answer, to be
// appended to a sentence, or "" if there is none.
func DidYouMean(given string, candidates []string) string {
	if suggestion := Suggest(given, candidates); suggestion != "" {
		return fmt.Sprintf(" Did you mean %q?", suggestion)
	}
	return ""
}
