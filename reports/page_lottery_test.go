package reports

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLottery: the draw depends on the seed and the prompts alone, and its first prompts
// are of every part.
func TestLottery(t *testing.T) {
	var places []promptPlace
	for i := range 40 {
		places = append(places, promptPlace{Prompt: fmt.Sprint(i), Category: []string{"a", "b"}[i%2], Split: []string{"seen", "seen", "unseen", "seen"}[i%4]})
	}
	one := lottery{1}.draw(places, wordless)
	turned := slices.Clone(places)
	slices.Reverse(turned)
	if diff := cmp.Diff(one, lottery{1}.draw(turned, wordless)); diff != "" {
		t.Error("the draw depends on the order of the prompts")
	}
	if slices.Equal(one, lottery{2}.draw(places, wordless)) {
		t.Error("another seed draws the same")
	}
	if len(one) != 40 {
		t.Errorf("%d of 40 prompts", len(one))
	}
	parts := map[string]bool{}
	for _, p := range one[:3] { // a seen, a unseen, b seen
		parts[p.Category+p.Split] = true
	}
	if len(parts) != 3 {
		t.Errorf("the first three are of %v", parts)
	}
}

// TestSpreadWords: with the words of the first four prompts every count and every shape is
// shown, whatever the seed.
func TestSpreadWords(t *testing.T) {
	words := map[promptPlace]string{}
	var places []promptPlace
	for _, count := range []string{"one", "two", "three", "four"} {
		for _, shape := range []string{"ring", "star", "bar", "cross"} {
			p := promptPlace{Prompt: count + " " + shape}
			places = append(places, p)
			words[p] = fmt.Sprintf(`{"count":%q,"shape":%q}`, count, shape)
		}
	}
	for seed := range uint64(20) {
		drawn := lottery{seed}.draw(places, func(p promptPlace) string { return words[p] })
		shown := map[string]bool{}
		for _, p := range drawn[:4] {
			for _, word := range strings.Fields(p.Prompt) {
				shown[word] = true
			}
		}
		if len(shown) != 8 || len(drawn) != len(places) {
			t.Errorf("seed %d shows %v first, of %d prompts", seed, shown, len(drawn))
		}
	}
}

func wordless(promptPlace) string { return "" }
