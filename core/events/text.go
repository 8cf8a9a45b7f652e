package events

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/visible"
)

// timeLayout is the time of a line of text: local, as a reader's clock.
const timeLayout = "2006-01-02 15:04:05"

// Text is the events of a moment as lines for people, RUN/log.txt: when, what, of which
// stage, and what there is to say of it. What comes from plugins and files does nothing
// to a terminal. It has no line break at its end, and is empty if nothing is said.
func Text(moment []Event) string {
	var lines []string
	values := -1 // the line that values of a step go to
	for _, e := range moment {
		switch e.Kind {
		case Progress:
			values = len(lines)
			lines = append(lines, Line(e.Time, "", e.Stage, e.Far()))
		case Value:
			if values < 0 {
				values = len(lines)
				lines = append(lines, Line(e.Time, "", e.Stage, fmt.Sprintf("step %d", *e.Step)))
			}
			lines[values] += ", " + visible.Text(e.Name) + " " + number(e.Value)
		default:
			word, what := e.words()
			lines = append(lines, Line(e.Time, word, e.Stage, what))
		}
	}
	return strings.Join(lines, "\n")
}

// Line is a line of text; what has further lines stands under the first.
func Line(at time.Time, word, stage, what string) string {
	line := fmt.Sprintf("%s  %-11s", at.Local().Format(timeLayout), word)
	for _, part := range []string{stage, what} {
		if part != "" {
			line += "  " + visible.Text(part)
		}
	}
	return strings.ReplaceAll(strings.TrimRight(line, " \n"), "\n", "\n"+strings.Repeat(" ", len(timeLayout)+2))
}

// Far is how far a stage is: "12/120 steps", and what keeps it from getting on.
func (e Event) Far() string {
	text := ""
	if e.Of > 0 {
		text = strings.TrimSpace(fmt.Sprintf("%d/%d %s", e.Done, e.Of, e.Unit))
	} else if e.Done > 0 {
		text = strings.TrimSpace(fmt.Sprintf("%d %s", e.Done, e.Unit))
	}
	return strings.TrimPrefix(text+strings.TrimSuffix(", "+e.Text, ", "), ", ")
}

// words are what happened, in a word, and what there is to say of it.
func (e Event) words() (word, what string) {
	switch e.Kind {
	case RunBegun:
		return "run", fmt.Sprintf("%s begins, %s, UTC%s", e.Run, stages(e.Of), e.Time.Local().Format("-07:00"))
	case RunEnded:
		return "run", fmt.Sprintf("%s: %s, %d of %s finished", e.Run, e.State, e.Done, stages(e.Of))
	case StageBegun:
		if e.Of == 0 {
			return "begins", ""
		}
		return "begins", fmt.Sprintf("%d %s", e.Of, e.Unit)
	case StageEnded:
		return e.ended()
	case Metric:
		return "measured", e.measured()
	case Warning:
		return "warning", e.Text
	}
	return string(e.Kind), e.Text
}

func stages(n int) string {
	if n == 1 {
		return "1 stage"
	}
	return fmt.Sprintf("%d stages", n)
}

func (e Event) ended() (word, what string) {
	var said []string
	if e.Status == record.Done || e.Status == record.Failed {
		said = append(said, took(e.Seconds))
	}
	if e.Status == record.Done && e.Done > 0 {
		said = append(said, fmt.Sprintf("%d %s", e.Done, e.Unit))
	}
	if e.Text != "" {
		said = append(said, e.Text)
	}
	word = strings.ReplaceAll(string(e.Status), "_", " ")
	if e.Status == record.Failed {
		word = "FAILED"
	}
	return word, strings.Join(said, ", ")
}

func (e Event) measured() string {
	text := e.Name + " " + number(e.Value)
	m := e.Metric
	if m == nil {
		return text
	}
	if m.Low != nil && m.High != nil {
		text += fmt.Sprintf(" [%.4g, %.4g]", *m.Low, *m.High)
	}
	text += " of " + m.Subject
	if m.Versus != "" {
		text += " against " + m.Versus
	}
	for _, of := range []string{string(m.Choice), m.Category, m.Split, m.Part} {
		if of != "" {
			text += ", " + of
		}
	}
	text += fmt.Sprintf(", n %d", m.N)
	if m.Note != "" {
		text += ": " + m.Note
	}
	return text
}

// number is a value in few digits; what could not be computed, or is no number, is said
// in words.
func number(value *Number) string {
	switch {
	case value == nil:
		return "none"
	case math.IsNaN(float64(*value)):
		return "is no number"
	}
	return fmt.Sprintf("%.4g", float64(*value))
}

// Headline is those values of a training that a line has room for, in words: its loss,
// its reward, or else what it comes to on what it does not learn from. What is no number
// has ended the training, and is told there.
func Headline(values map[string]float64) []string {
	var told []string
	for _, of := range []func(name string) bool{
		func(name string) bool { return name == "loss" },
		func(name string) bool { return name == "reward" || strings.HasPrefix(name, "reward/") },
		func(name string) bool { return strings.HasPrefix(name, "validation/") },
	} {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if x := values[name]; of(name) && !math.IsNaN(x) && !math.IsInf(x, 0) {
				told = append(told, fmt.Sprintf("%s %.3g", visible.Text(name), x))
				break
			}
		}
		if len(told) == 2 {
			break
		}
	}
	return told
}

// took is a time for people.
func took(seconds float64) string {
	if seconds < 0.1 {
		return "<0.1s"
	}
	return time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
}
