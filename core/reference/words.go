package reference

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// ofAttribute says what an argument takes: its type and bounds, and its default.
func ofAttribute(a schema.Attribute) string {
	return takes(a) + otherwise(a)
}

// takes is the type and the bounds of an argument.
func takes(a schema.Attribute) string {
	words := string(a.Type)
	if a.Path {
		words = "path"
	}
	switch {
	case len(a.OneOf) > 0:
		words = strings.Join(a.OneOf, " | ")
	case a.Minimum != nil && a.Maximum != nil:
		words += fmt.Sprintf(" from %s to %s", number(*a.Minimum), number(*a.Maximum))
	case a.Minimum != nil:
		words += " from " + number(*a.Minimum)
	case a.Maximum != nil:
		words += " up to " + number(*a.Maximum)
	}
	return words
}

// number is a bound as people write it: 1,000,000 and not 1e+06.
func number(n float64) string {
	if n != math.Trunc(n) || math.Abs(n) > 1e15 {
		return fmt.Sprintf("%g", n)
	}
	digits := strconv.FormatFloat(math.Abs(n), 'f', 0, 64)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	if n < 0 {
		return "-" + digits
	}
	return digits
}

// otherwise says what holds without an argument.
func otherwise(a schema.Attribute) string {
	switch {
	case a.Required:
		return ", required"
	case a.Default != nil:
		return ", " + string(a.Default) + " if not given"
	}
	return ""
}

// ofValue says what a reference or an expression takes.
func ofValue(v spec.Value) string {
	if v.Required {
		return v.Takes + ", required"
	}
	return v.Takes
}

// abilities says what a component is and can do.
func abilities(c schema.Component) string {
	words := []string{c.Summary}
	if c.ReadsFeatures() {
		words = append(words, "Reads features: needs encoder = encoder.NAME.")
	}
	if c.Has(schema.Texts) {
		words = append(words, "Encodes texts as well as images.")
	}
	if c.Has(schema.Tune) {
		words = append(words, "Can be fine-tuned.")
	}
	if c.Has(schema.Fit) {
		words = append(words, "Can learn.")
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// ofLoss says what a loss is, and what it is computed from.
func ofLoss(loss schema.Loss) string {
	words := loss.Summary
	if len(loss.Needs) > 0 {
		needs := make([]string, len(loss.Needs))
		for i, need := range loss.Needs {
			needs[i] = strings.ReplaceAll(string(need), "_", " ")
		}
		words += " Needs " + strings.Join(needs, ", ") + "."
	}
	return strings.TrimSpace(words)
}

// sentence is a summary as a sentence.
func sentence(summary string) string {
	if summary == "" {
		return ""
	}
	return strings.ToUpper(summary[:1]) + strings.TrimSuffix(summary[1:], ".") + "."
}

// headOf is a component's block as its first line is written, with the labels that it
// may have.
func headOf(b schema.Block) string {
	if len(b.Labels) == 0 {
		return b.Type
	}
	return b.Type + " " + strings.Join(b.Labels, " | ")
}

// firstSentence is a text up to the end of its first sentence.
func firstSentence(text string) string {
	if end := strings.Index(text, ". "); end >= 0 {
		return text[:end+1]
	}
	return text
}
