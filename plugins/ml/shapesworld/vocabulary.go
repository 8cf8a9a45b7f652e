package shapesworld

import "strings"

// The words of the world. Their order is part of the models: a word's place is
// its input in the denoiser and the encoder.
var (
	Counts      = []string{"one", "two", "three"}
	Colors      = []string{"red", "orange", "yellow", "green", "blue", "purple"}
	Objects     = []string{"ring", "moon", "triangle", "cross", "heart", "bar"}
	Backgrounds = []string{"on grass", "on sand", "at night", "in snow"}
)

// Vocabulary lists the words that a prompt can be made of.
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

// fillers are words that say nothing.
var fillers = map[string]bool{"on": true, "at": true, "in": true, "the": true, "a": true, "an": true}

// Words is a prompt as the models read it: the places in Vocabulary of its
// words, and the words that the world does not know. An article counts as
// "one" where no word says another count.
func Words(prompt string) (places []int, unknown []string) {
	article, counted := false, false
	for _, word := range strings.Fields(strings.ToLower(prompt)) {
		word = strings.Trim(word, ".,;:!?\"'")
		place, ok := wordIndex[word]
		if !ok && strings.HasSuffix(word, "es") {
			place, ok = wordIndex[strings.TrimSuffix(word, "es")]
		}
		if !ok && strings.HasSuffix(word, "s") {
			place, ok = wordIndex[strings.TrimSuffix(word, "s")]
		}
		switch {
		case ok:
			places = append(places, place)
			counted = counted || place < len(Counts)
		case word == "a" || word == "an":
			article = true
		case word != "" && !fillers[word]:
			unknown = append(unknown, word)
		}
	}
	if article && !counted {
		places = append([]int{0}, places...)
	}
	return places, unknown
}

// Attributes is what a prompt asks for, each as a place in its list, or -1 if
// the prompt leaves it open.
type Attributes struct {
	Count, Color, Object, Background int
}

// Ask reads the attributes that a prompt asks for.
func Ask(prompt string) Attributes {
	asked := Attributes{-1, -1, -1, -1}
	places, _ := Words(prompt)
	for _, place := range places {
		for _, kind := range []struct {
			words []string
			field *int
		}{{Counts, &asked.Count}, {Colors, &asked.Color}, {Objects, &asked.Object}, {Backgrounds, &asked.Background}} {
			if place >= 0 && place < len(kind.words) {
				*kind.field = place
			}
			place -= len(kind.words)
		}
	}
	return asked
}
