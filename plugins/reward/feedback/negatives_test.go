package feedback

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNegatives(t *testing.T) {
	words := slotWords{}
	for _, slots := range []map[string]string{
		{"color": "red", "object": "circle"},
		{"color": "blue", "object": "square"},
		{"color": "orange", "object": "orange"},
		{"object": "square", "background": "on grass"},
		{"object": "square", "background": "at night"},
		{"hat": "red"},
		{"hat": "blue"},
	} {
		words.add(slots)
	}
	for name, one := range map[string]struct {
		text  string
		slots map[string]string
		want  []string
	}{
		"every slot": {
			"a red circle", map[string]string{"color": "red", "object": "circle"},
			[]string{"a blue circle", "a orange circle", "a red orange", "a red square"},
		},
		"several words": {
			"a circle on grass", map[string]string{"background": "on grass"},
			[]string{"a circle at night"},
		},
		"only whole words": {
			"a redder red circle, reddish", map[string]string{"hat": "red"},
			[]string{"a redder blue circle, reddish"},
		},
		"a slot that stands twice": {
			"red on red", map[string]string{"hat": "red"},
			[]string{"blue on blue"},
		},
		"which one is the color": {
			"an orange orange on grass", map[string]string{"color": "orange", "object": "orange", "background": "on grass"},
			[]string{"an orange orange at night"},
		},
		"word not in the text": {"a circle", map[string]string{"color": "red"}, nil},
		"unknown slot":         {"a big circle", map[string]string{"size": "big"}, nil},
		"no slots":             {"a red circle", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(one.want, negatives(one.text, one.slots, words)); diff != "" {
				t.Errorf("negatives (-want +got):\n%s", diff)
			}
		})
	}
}

// In any world, a negative is the template with one slot's word exchanged for
// a seen one, and all of these are found.
func TestNegativesExchangeOneWord(t *testing.T) {
	vocabulary := map[string][]string{
		"count":      {"one", "two", "three"},
		"color":      {"red", "green", "bright blue"},
		"object":     {"dog", "hot dog", "cat", "bee"},
		"background": {"on the moon", "in San Francisco", "by night"},
	}
	render := func(order []string, slots map[string]string) string {
		var words []string
		for _, slot := range order {
			words = append(words, slots[slot])
		}
		return "A photo of " + strings.Join(words, " ")
	}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation(slices.Sorted(maps.Keys(vocabulary))).Draw(t, "template")
		order = order[:rapid.IntRange(1, len(order)).Draw(t, "slots")]
		draw := func() map[string]string {
			slots := map[string]string{}
			for _, slot := range order {
				slots[slot] = rapid.SampledFrom(vocabulary[slot]).Draw(t, slot)
			}
			return slots
		}
		seen := slotWords{}
		var rows []map[string]string
		for range rapid.IntRange(1, 6).Draw(t, "rows") {
			slots := draw()
			seen.add(slots)
			rows = append(rows, slots)
		}
		slots := rapid.SampledFrom(rows).Draw(t, "row")

		var want []string
		for _, slot := range slices.Sorted(maps.Keys(slots)) {
			for _, word := range slices.Sorted(maps.Keys(seen[slot])) {
				if word != slots[slot] {
					other := maps.Clone(slots)
					other[slot] = word
					want = append(want, render(order, other))
				}
			}
		}
		if diff := cmp.Diff(want, negatives(render(order, slots), slots, seen)); diff != "" {
			t.Fatalf("negatives of %q (-want +got):\n%s", render(order, slots), diff)
		}
	})
}

func FuzzFind(f *testing.F) {
	f.Add("a red redder red", "red")
	f.Add("ééé é", "é")
	f.Add("a\xffb", "b")
	f.Fuzz(func(t *testing.T, text, word string) {
		end := 0
		for _, s := range find(text, word) {
			if s.start < end || text[s.start:s.end] != word {
				t.Fatalf("find(%q, %q) gives %v", text, word, s)
			}
			end = s.end
		}
	})
}
