package shapesworld

import "strings"

// The words of the world. Their order is part of the models: a word's index is its
// input in the denoiser and the encoder.
var (
	Counts      = []string{"one", "two", "three"}
	Colors      = []string{"red", "orange", "yellow", "green", "blue", "purple"}
	Objects     = []string{"ring", "moon", "triangle", "cross", "heart", "bar"}
	Backgrounds = []string{"on grass", "on sand", "at night", "in snow"}
)

// Vocabulary lists the words of prompts.
var Vocabulary = func() []string {
	words := append([]string{}, Counts...)
	words = append(words, Colors...)
	words = append(words, Objects...)
	for _, background := range Backgrounds {
		words = append(words, strings.Fields(background)[1])
	}
	return words
}()

var wordIndex = func() map[string]int {
	index := map[string]int{}
	for i, word := range Vocabulary {
		index[word] = i
	}
	return index
}()

// fillers are words without a meaning here.
var fillers = map[string]bool{"on": true, "at": true, "in": true, "the": true, "a": true, "an": true}

// Words splits a prompt into the indices in Vocabulary of its words, and the words
// that are not in it. An article counts as "one" in a prompt without a count.
func Words(prompt string) (indices []int, unknown []string) {
	article, counted := false, false
	for _, word := range strings.Fields(strings.ToLower(prompt)) {
		word = strings.Trim(word, ".,;:!?\"'")
		index, ok := wordIndex[word]
		if !ok && strings.HasSuffix(word, "es") {
			index, ok = wordIndex[strings.TrimSuffix(word, "es")]
		}
		if !ok && strings.HasSuffix(word, "s") {
			index, ok = wordIndex[strings.TrimSuffix(word, "s")]
		}
		switch {
		case ok:
			indices = append(indices, index)
			counted = counted || index < len(Counts)
		case word == "a" || word == "an":
			article = true
		case word != "" && !fillers[word]:
			unknown = append(unknown, word)
		}
	}
	if article && !counted {
		indices = append([]int{0}, indices...)
	}
	return indices, unknown
}

// Attributes are those that a prompt asks for, each as an index in its list, or -1
// if the prompt leaves it open.
type Attributes struct {
	Count, Color, Object, Background int
}

// Ask reads the attributes that a prompt asks for.
func Ask(prompt string) Attributes {
	asked := Attributes{-1, -1, -1, -1}
	indices, _ := Words(prompt)
	for _, index := range indices {
		for _, kind := range []struct {
			words []string
			field *int
		}{{Counts, &asked.Count}, {Colors, &asked.Color}, {Objects, &asked.Object}, {Backgrounds, &asked.Background}} {
			if index >= 0 && index < len(kind.words) {
				*kind.field = index
			}
			index -= len(kind.words)
		}
	}
	return asked
}
