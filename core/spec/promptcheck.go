package spec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

const (
	// mostFaults is how many prompts, or words of prompts, are worth a finding each.
	mostFaults = 20
	// mostVocabulary is how many words a finding lists.
	mostVocabulary = 60
)

// PromptChecker asks a component what it cannot make sense of in the prompts that it
// would get.
type PromptChecker func(ctx context.Context, c *Component, prompts []Prompt) (schema.PromptFindings, error)

// audience is the prompts that a component would get, each text once.
type audience struct {
	component *Component
	prompts   []Prompt
	known     map[promptText]bool
}

type promptText struct{ category, text string }

// checkPrompts shows every component that has the capability the prompts that it
// would get, and reports what it has against them where they are written.
func (l *loader) checkPrompts(ctx context.Context) {
	if l.options.CheckPrompts == nil {
		return
	}
	told := map[objection]*complaint{}
	var order []*complaint
	for _, a := range l.audiences() {
		found, err := l.options.CheckPrompts(ctx, a.component, a.prompts)
		var list diag.List
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &list):
			for _, d := range list {
				if d.Subject.IsZero() {
					d.Subject = a.component.Range
				}
				leave := l.enter(a.component)
				l.add(d)
				leave()
			}
			continue
		case err != nil:
			l.errorAt(a.component.Range, "The prompts could not be checked", "%s: %v.", a.component.spelled(), err)
			continue
		}
		for _, fault := range found.Faults {
			prompt := a.prompts[fault.Prompt]
			about := objection{category: prompt.Category, excerpt: fault.Excerpt, reason: fault.Reason, slot: prompt.slotOf(fault.Excerpt)}
			if fault.Excerpt == "" {
				about.excerpt = prompt.Text
			}
			c := told[about]
			if c == nil {
				c = &complaint{objection: about, first: prompt, whole: fault.Excerpt == "", warning: true, vocabulary: found.Vocabulary}
				told[about] = c
				order = append(order, c)
			}
			c.warning = c.warning && fault.Warning
			c.count(a.component)
		}
	}
	for i, c := range order {
		if i == mostFaults {
			l.diagnostics.Errorf(order[i].place(l), "More prompts that components do not understand", "There are %d findings of this kind; these are the first %d.", len(order), mostFaults)
			break
		}
		severity := diag.Error
		if c.warning {
			severity = diag.Warning
		}
		l.diagnostics = append(l.diagnostics, diag.Diagnostic{Severity: severity, Summary: c.summary(), Detail: c.detail(), Subject: c.place(l)})
	}
}

// objection is what is held against prompts of a category: one finding.
type objection struct {
	category, excerpt, reason string
	slot                      filled // that the excerpt comes from
}

// complaint is an objection with who raises it and against what.
type complaint struct {
	objection
	whole      bool   // about the text, not a part of it
	first      Prompt // of those that it is raised against
	by         []*Component
	prompts    int // of the first component
	warning    bool
	vocabulary []string
}

// count adds one prompt of a component.
func (c *complaint) count(by *Component) {
	if !slices.Contains(c.by, by) {
		c.by = append(c.by, by)
	}
	if by == c.by[0] {
		c.prompts++
	}
}

func (c *complaint) summary() string {
	who := c.by[0].spelled()
	return strings.ToUpper(who[:1]) + who[1:] + " " + c.reason
}

func (c *complaint) detail() string {
	var sentences []string
	switch {
	case c.whole:
		sentences = append(sentences, fmt.Sprintf("The prompt is %q.", c.first.Text))
	case c.prompts > 1:
		sentences = append(sentences, fmt.Sprintf("It is in %d prompts of prompts.%s, such as %q.", c.prompts, c.category, c.first.Text))
	default:
		sentences = append(sentences, fmt.Sprintf("The prompt is %q, of prompts.%s.", c.first.Text, c.category))
	}
	if others := c.by[1:]; len(others) > 0 {
		names := make([]string, len(others))
		for i, other := range others {
			names[i] = other.spelled()
		}
		sentences = append(sentences, "The same holds for "+and(names)+".")
	}
	if !c.whole && !slices.Contains(c.vocabulary, c.excerpt) {
		if hint := diag.DidYouMean(c.excerpt, c.vocabulary); hint != "" {
			sentences = append(sentences, strings.TrimSpace(hint))
		}
	}
	if n := len(c.vocabulary); n > 0 && n <= mostVocabulary {
		sentences = append(sentences, "Known words: "+strings.Join(c.vocabulary, ", ")+".")
	}
	return strings.Join(sentences, " ")
}

// spelled is a component in a sentence, as its block begins.
func (c *Component) spelled() string { return fmt.Sprintf("%s %q", c.Kind, c.Name) }

// and joins words: "a", "a and b", "a, b and c".
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// audiences lists the components that check prompts, with the prompts that they get
// by what the experiment declares. Captions of folders are known when they are read.
func (l *loader) audiences() []*audience {
	var list []*audience
	of := map[*Component]*audience{}
	add := func(c *Component, prompts []Prompt) {
		if c == nil {
			return
		}
		a := of[c]
		if a == nil {
			declared, ok := l.lookUp(c.Kind, c.Provided())
			if !ok || !declared.Has(schema.CheckPrompts) || !l.sound[c] {
				return
			}
			a = &audience{component: c, known: map[promptText]bool{}}
			of[c] = a
			list = append(list, a)
		}
		for _, prompt := range prompts {
			if text := (promptText{prompt.Category, prompt.Text}); prompt.Missing == "" && !a.known[text] {
				a.known[text] = true
				a.prompts = append(a.prompts, prompt)
			}
		}
	}
	var reward func(c *Component, prompts []Prompt)
	reward = func(c *Component, prompts []Prompt) {
		if c == nil {
			return
		}
		add(c, prompts)
		add(c.Encoder, prompts)
		if c.Sum != nil {
			for _, member := range c.Sum.Members {
				reward(member.Reward, prompts)
			}
		}
	}
	model := func(m Model, prompts []Prompt) { add(m.Sampler, prompts) }
	asked := func(p *People, prompts []Prompt) {
		if p != nil {
			reward(p.By, prompts)
		}
	}

	s := l.spec
	for _, images := range s.Images {
		model(images.Sampler, images.Prompts)
	}
	for _, labels := range s.Labels {
		if labels.Images != nil {
			add(labels.Rater, labels.Images.Prompts)
			reward(labels.Reward, labels.Images.Prompts)
			asked(labels.People, labels.Images.Prompts)
		}
	}
	for _, comparisons := range s.Comparisons {
		if comparisons.Images != nil {
			add(comparisons.Rater, comparisons.Images.Prompts)
			asked(comparisons.People, comparisons.Images.Prompts)
		}
	}
	for _, c := range s.Rewards {
		for _, labels := range c.Labels {
			if labels.Images != nil {
				reward(c, labels.Images.Prompts)
			}
		}
		if c.Sum != nil && c.Sum.Over != nil {
			reward(c, c.Sum.Over.Prompts)
		}
	}
	for _, group := range [][]*Component{s.Raters, s.Encoders} {
		for _, c := range group {
			if c.Images != nil {
				add(c, c.Images.Prompts)
			}
		}
	}
	for _, finetune := range s.Finetunes {
		for _, images := range finetune.learnsFrom() {
			model(finetune.Model, images.Prompts)
			reward(finetune.Reward, images.Prompts)
		}
		if c := finetune.Checkpoints; c != nil {
			model(finetune.Model, c.Prompts)
			reward(finetune.Reward, c.Prompts)
			if c.Judge != nil && c.Judge.Kind == "reward" {
				reward(c.Judge, c.Prompts)
			} else {
				add(c.Judge, c.Prompts)
			}
			if c.Fidelity != nil {
				add(c.Fidelity.Sampler, c.Prompts)
			}
		}
	}
	for _, evaluate := range s.Evaluate {
		for _, m := range evaluate.Models {
			model(m, evaluate.Prompts)
		}
		for _, c := range evaluate.Rewards {
			reward(c, evaluate.Prompts)
		}
		if evaluate.Alignment != nil {
			add(evaluate.Alignment.Rater, evaluate.Prompts)
			asked(evaluate.Alignment.People, evaluate.Prompts)
		}
		if evaluate.Preference != nil {
			add(evaluate.Preference.Rater, evaluate.Prompts)
		}
		if evaluate.Fidelity != nil {
			add(evaluate.Fidelity.Sampler, evaluate.Prompts)
		}
		for _, best := range evaluate.BestOf {
			model(best.Model, evaluate.Prompts)
			reward(best.Reward, evaluate.Prompts)
			for _, m := range best.Against {
				model(m, evaluate.Prompts)
			}
		}
	}
	return slices.DeleteFunc(list, func(a *audience) bool { return len(a.prompts) == 0 })
}

// learnsFrom lists the images that a finetune reads with their prompts.
func (f *Finetune) learnsFrom() []*Images {
	all := slices.Clone(f.Images)
	for _, labels := range f.Labels {
		all = append(all, labels.Images)
	}
	for _, comparisons := range f.Comparisons {
		all = append(all, comparisons.Images)
	}
	for _, loss := range f.Losses {
		all = append(all, loss.Images...)
	}
	return slices.DeleteFunc(all, func(images *Images) bool { return images == nil })
}
