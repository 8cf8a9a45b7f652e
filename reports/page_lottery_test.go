package reports

import (
	"fmt"
	"slices"
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

func wordless(promptPlace) string { return "" }
