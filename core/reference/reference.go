// Package reference is the language's reference, for people and for editors: the
// blocks that experiments and ablations are written in, the components' arguments,
// functions, metrics, and what holds for all of them.
//
// Nothing is written here that the code decodes by something else: blocks are those
// of package spec and package ablation, and components describe themselves.
package reference

import (
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/ablation"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Reference is all that can be looked up.
type Reference struct {
	Topics     []Topic            `json:"topics"`
	Experiment []spec.Construct   `json:"experiment"` // the blocks of its file
	Ablation   spec.Construct     `json:"ablation"`
	Components []schema.Component `json:"components"`
	Functions  []spec.Function    `json:"functions"`
	Metrics    []Metric           `json:"metrics"`
}

// Metric is what metric.NAME stands for: a measure, or one number of it.
type Metric struct {
	Name    string `json:"name"`
	Measure string `json:"measure"`
	Needs   string `json:"needs"` // in an evaluate block
}

// New returns the reference of the language with the components given.
func New(components []schema.Component) Reference {
	r := Reference{Topics: topics, Experiment: spec.Language(), Ablation: ablation.Language(), Components: components, Functions: spec.Functions()}
	for _, name := range metric.Names() {
		measure, _ := metric.MeasureOf(name)
		r.Metrics = append(r.Metrics, Metric{Name: name, Measure: string(measure), Needs: measure.Definition().Needs})
	}
	return r
}

// Words are what Look knows, in the order of the reference, each once.
func (r Reference) Words() []string {
	var words []string
	add := func(word string) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	for _, topic := range r.Topics {
		add(topic.Name)
	}
	for _, block := range append(slices.Clone(r.Experiment), r.Ablation) {
		add(block.Type)
	}
	for _, block := range r.Experiment {
		for _, inner := range block.Blocks {
			add(inner.Type)
		}
	}
	for _, component := range r.Components {
		add(component.Name)
		for _, loss := range component.Losses {
			add(loss.Name)
		}
	}
	add(schema.WeightedSum)
	for _, f := range r.Functions {
		add(f.Name)
	}
	return words
}

// Look returns the part of the reference that a word is about: a topic, a block,
// one that stands in others, a component, a loss, or a function. It is empty if
// there is none.
func (r Reference) Look(word string) Reference {
	found := Reference{}
	for _, topic := range r.Topics {
		if topic.Name == word {
			found.Topics = append(found.Topics, topic)
			switch word {
			case TopicFunctions:
				found.Functions = r.Functions
			case TopicMetrics:
				found.Metrics = r.Metrics
			}
		}
	}
	for _, block := range r.Experiment {
		if block.Type == word || slices.Contains(block.Labels, word) && word == schema.WeightedSum {
			found.Experiment = append(found.Experiment, block)
			continue
		}
		for _, inner := range block.Blocks {
			if inner.Type == word {
				found.Experiment = append(found.Experiment, inner)
			}
		}
	}
	if r.Ablation.Type == word {
		found.Ablation = r.Ablation
	}
	for _, component := range r.Components {
		named := slices.ContainsFunc(component.Losses, func(loss schema.Loss) bool { return loss.Name == word })
		switch {
		case component.Name == word:
			found.Components = append(found.Components, component)
		case named:
			only := schema.Component{Kind: component.Kind, Name: component.Name}
			for _, loss := range component.Losses {
				if loss.Name == word {
					only.Losses = append(only.Losses, loss)
				}
			}
			found.Components = append(found.Components, only)
		}
	}
	for _, f := range r.Functions {
		if f.Name == word && len(found.Functions) == 0 {
			found.Functions = append(found.Functions, f)
		}
	}
	return found
}

// Empty reports whether there is nothing in it.
func (r Reference) Empty() bool {
	return len(r.Topics)+len(r.Experiment)+len(r.Components)+len(r.Functions)+len(r.Metrics) == 0 && r.Ablation.Type == ""
}

// head is a block as its first line is written.
func head(c spec.Construct) string {
	words := []string{c.Type}
	for _, label := range c.Labels {
		if label == schema.WeightedSum {
			words = append(words, `"`+label+`"`)
			continue
		}
		words = append(words, `"`+strings.ToUpper(label)+`"`)
	}
	return strings.Join(words, " ")
}
