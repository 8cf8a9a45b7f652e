package shapesworld

import (
	"iter"
	"strings"
)

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

// word is a word of a prompt.
type word struct {
	text  string // as it is written, without the marks around it
	lower string
	index int // in Vocabulary; -1: not there
}

func (w word) known() bool   { return w.index >= 0 }
func (w word) filler() bool  { return fillers[w.lower] }
func (w word) article() bool { return w.lower == "a" || w.lower == "an" }

// split takes a prompt apart. Plurals are known by their singular.
func split(prompt string) iter.Seq[word] {
	return func(yield func(word) bool) {
		for field := range strings.FieldsSeq(prompt) {
			text := strings.Trim(field, ".,;:!?\"'")
			if text == "" {
				continue
			}
			w := word{text: text, lower: strings.ToLower(text), index: -1}
			for _, suffix := range [...]string{"", "es", "s"} {
				singular, ok := strings.CutSuffix(w.lower, suffix)
				if !ok {
					continue
				}
				if index, known := wordIndex[singular]; known {
					w.index = index
					break
				}
			}
			if !yield(w) {
				return
			}
		}
	}
}

// Words splits a prompt into the indices in Vocabulary of its words, and the words
// that are not in it. An article counts as "one" in a prompt without a count.
func Words(prompt string) (indices []int, unknown []string) {
	article, counted := false, false
	for w := range split(prompt) {
		switch {
		case w.known():
			indices = append(indices, w.index)
			counted = counted || w.index < len(Counts)
		case w.article():
			article = true
		case !w.filler():
			unknown = append(unknown, w.lower)
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

// kinds are the attributes, in the order of their words in Vocabulary.
var kinds = [...]struct {
	name  string
	words int
	of    func(*Attributes) *int
}{
	{"count", len(Counts), func(a *Attributes) *int { return &a.Count }},
	{"color", len(Colors), func(a *Attributes) *int { return &a.Color }},
	{"object", len(Objects), func(a *Attributes) *int { return &a.Object }},
	{"background", len(Backgrounds), func(a *Attributes) *int { return &a.Background }},
}

// kindOf is which of kinds a word of Vocabulary says something of, and the value's
// place among that kind's words.
func kindOf(index int) (kind, value int) {
	for kind = range kinds {
		if index < kinds[kind].words {
			break
		}
		index -= kinds[kind].words
	}
	return kind, index
}

// Ask reads the attributes that a prompt asks for.
func Ask(prompt string) Attributes {
	asked := Attributes{-1, -1, -1, -1}
	indices, _ := Words(prompt)
	for _, index := range indices {
		kind, value := kindOf(index)
		*kinds[kind].of(&asked) = value
	}
	return asked
}
