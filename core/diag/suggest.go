package diag

import (
	"fmt"
	"strings"
)

// Suggest returns the candidate that the given word was most likely meant to
// be, or "" if none is near: at most a third of the word's letters, and never
// fewer than one, may be wrong. Of equally near candidates the first wins.
func Suggest(given string, candidates []string) string {
	best, bestDistance := "", max(1, len([]rune(given))/3)+1
	for _, candidate := range candidates {
		if candidate == given {
			continue
		}
		distance := editDistance(given, candidate)
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

// editDistance counts the insertions, deletions, substitutions and swaps of
// neighbours that turn a into b (optimal string alignment).
func editDistance(a, b string) int {
	from, to := []rune(a), []rune(b)
	// rows[i][j] is the distance of from[:i] and to[:j].
	rows := make([][]int, len(from)+1)
	for i := range rows {
		rows[i] = make([]int, len(to)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(from); i++ {
		for j := 1; j <= len(to); j++ {
			substitution := 1
			if from[i-1] == to[j-1] {
				substitution = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+substitution)
			if i > 1 && j > 1 && from[i-1] == to[j-2] && from[i-2] == to[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(from)][len(to)]
}
