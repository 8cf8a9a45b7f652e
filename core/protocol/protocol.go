package protocol

import (
	"fmt"
	"strings"
)

// Protocol is how a number was made.
type Protocol struct {
	Metric      string       `json:"metric"` // what measured it, and the version of its code: "fidelity 5"
	Images      ImageSet     `json:"images"`
	Reference   *ImageSet    `json:"reference,omitempty"`   // what the images are compared with, where that is not another model's
	Instruments []Instrument `json:"instruments,omitempty"` // what looked at the images: an encoder, a reward, a rater
}

// ImageSet is the images of a model, or real ones.
type ImageSet struct {
	Images    int    `json:"images,omitempty"`     // in all
	PerPrompt int    `json:"per_prompt,omitempty"` // of each prompt; 0: not the same of all, or not known
	Prompts   int    `json:"prompts,omitempty"`    // 0: not known
	PromptsID string `json:"prompts_id,omitempty"` // sha256 over the prompts with their categories and splits, in order, hex
	// Seeds are what the images were drawn from, hex: the seed of each is made of it,
	// of its prompt and of its number. Empty for images that were not drawn.
	Seeds string `json:"seeds,omitempty"`
	// Size is in pixels, "512 x 512"; empty: not recorded.
	Size     string `json:"size,omitempty"`
	Resizing string `json:"resizing,omitempty"` // of images of a folder that were resized when they were read
	// Content is the sha256 of the table of the images, hex: of those that numbers are
	// compared with, and of those whose prompts nobody knows.
	Content string `json:"content,omitempty"`
}

// Instrument is what looked at images and made labels, scores or features of them.
type Instrument struct {
	Kind      string   `json:"kind"`                // "encoder", "reward", "rater"
	Name      string   `json:"name"`                // in the experiment
	Component string   `json:"component,omitempty"` // with its plugin and its version: "builtin clip version 4"
	Weights   []string `json:"weights,omitempty"`   // "sha256 HEX" of each file or folder that its block names, and of what was fitted
	Settings  string   `json:"settings,omitempty"`  // of its block, as JSON
	Resizing  string   `json:"resizing,omitempty"`  // how it brings images to its size
	Raters    string   `json:"raters,omitempty"`    // how many judge each image
	DType     string   `json:"dtype,omitempty"`
	Backend   string   `json:"backend,omitempty"` // with its device: "go cpu"
	Compiler  string   `json:"compiler,omitempty"`
}

// Line is a part of a protocol in words.
type Line struct{ Name, Value string }

// Lines are the protocol in words, for people.
func (p Protocol) Lines() []Line {
	var lines []Line
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, Line{name, value})
		}
	}
	add("metric", p.Metric)
	add("images", p.Images.words())
	if p.Reference != nil {
		add("reference", p.Reference.words())
	}
	for _, i := range p.Instruments {
		add(i.Kind+" "+i.Name, i.words())
	}
	return lines
}

// String is the protocol on one line.
func (p Protocol) String() string {
	var words []string
	for _, line := range p.Lines() {
		words = append(words, line.Name+": "+line.Value)
	}
	return strings.Join(words, "; ")
}

func (s ImageSet) words() string {
	var words []string
	switch {
	case s.Images == 0:
		words = append(words, "how many is not recorded")
	case s.PerPrompt > 0 && s.Prompts > 0:
		words = append(words, fmt.Sprintf("%d, %d of each of %d prompts (%s)", s.Images, s.PerPrompt, s.Prompts, Short(s.PromptsID)))
	case s.Prompts > 0:
		words = append(words, fmt.Sprintf("%d of %d prompts (%s)", s.Images, s.Prompts, Short(s.PromptsID)))
	default:
		words = append(words, fmt.Sprintf("%d (%s)", s.Images, Short(s.Content)))
	}
	if s.Seeds != "" {
		words = append(words, "drawn from seed "+s.Seeds)
	}
	if s.Size != "" {
		words = append(words, s.Size+" pixels")
	} else {
		words = append(words, "their size is not recorded")
	}
	if s.Resizing != "" {
		words = append(words, s.Resizing)
	}
	return strings.Join(words, ", ")
}

func (i Instrument) words() string {
	words := []string{}
	if i.Component != "" {
		words = append(words, i.Component)
	}
	for _, weights := range i.Weights {
		kind, hex, _ := strings.Cut(weights, " ")
		words = append(words, "weights "+kind+" "+Short(hex))
	}
	for _, part := range []struct{ before, value string }{
		{"resizing: ", i.Resizing}, {"raters: ", i.Raters}, {"", i.DType}, {"on ", i.Backend}, {"", i.Compiler},
	} {
		if part.value != "" {
			words = append(words, part.before+part.value)
		}
	}
	return strings.Join(words, ", ")
}

// Short is the beginning of a digest that is enough for people.
func Short(digest string) string { return digest[:min(12, len(digest))] }
