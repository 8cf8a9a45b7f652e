package spec

import (
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// cycles reports blocks that need themselves: a finetune on images that it
// draws itself, a reward fitted on labels of images of a model that it tuned.
// Each circle is reported once.
func (l *loader) cycles() {
	finished := map[any]bool{}
	var stack []any
	var visit func(node any)
	visit = func(node any) {
		if finished[node] {
			return
		}
		if start := slices.Index(stack, node); start >= 0 {
			var cycle []string
			for _, member := range append(slices.Clone(stack[start:]), node) {
				cycle = append(cycle, nodeName(member))
			}
			defer l.enter(node)()
			l.errorAt(nodeRange(node), "Cycle of blocks",
				"%s needs itself: %s. Nothing in the cycle could be made first: break it at one of the references.", cycle[0], strings.Join(cycle, " → "))
			return
		}
		stack = append(stack, node)
		for _, next := range l.needs(node) {
			visit(next)
		}
		stack = stack[:len(stack)-1]
		finished[node] = true
	}
	for _, kind := range componentKinds {
		for _, c := range *l.components(kind) {
			visit(c)
		}
	}
	for _, images := range l.spec.Images {
		visit(images)
	}
	for _, labels := range l.spec.Labels {
		visit(labels)
	}
	for _, comparisons := range l.spec.Comparisons {
		visit(comparisons)
	}
	for _, finetune := range l.spec.Finetunes {
		visit(finetune)
	}
}

// needs lists what a block refers to.
func (l *loader) needs(node any) []any {
	var list []any
	add := func(present bool, other any) {
		if present {
			list = append(list, other)
		}
	}
	model := func(m Model) {
		if m.Finetune != nil {
			list = append(list, m.Finetune)
		} else {
			add(m.Sampler != nil, m.Sampler)
		}
	}
	switch n := node.(type) {
	case *Component:
		add(n.Encoder != nil, n.Encoder)
		for _, labels := range n.Labels {
			list = append(list, labels)
		}
		add(n.Images != nil, n.Images)
		if n.Sum != nil {
			for _, member := range n.Sum.Members {
				add(member.Reward != nil, member.Reward)
			}
			add(n.Sum.Over != nil, n.Sum.Over)
		}
	case *Images:
		model(n.Sampler)
	case *Labels:
		add(n.Images != nil, n.Images)
		add(n.Rater != nil, n.Rater)
		add(n.Reward != nil, n.Reward)
		if n.People != nil {
			add(n.People.By != nil, n.People.By)
		}
	case *Comparisons:
		add(n.Images != nil, n.Images)
		add(n.Rater != nil, n.Rater)
		add(n.Labels != nil, n.Labels)
		if n.People != nil {
			add(n.People.By != nil, n.People.By)
		}
	case *Finetune:
		model(n.Model)
		add(n.Reward != nil, n.Reward)
		if n.Reference != nil {
			model(*n.Reference)
		}
		for _, images := range n.Images {
			list = append(list, images)
		}
		for _, labels := range n.Labels {
			list = append(list, labels)
		}
		for _, comparisons := range n.Comparisons {
			list = append(list, comparisons)
		}
		if c := n.Checkpoints; c != nil {
			add(c.Judge != nil, c.Judge)
			if f := c.Fidelity; f != nil {
				add(f.Images != nil, f.Images)
				add(f.Sampler != nil, f.Sampler)
				add(f.Encoder != nil, f.Encoder)
			}
		}
		for _, loss := range n.Losses {
			for _, images := range loss.Images {
				list = append(list, images)
			}
		}
	}
	return list
}

// nodeName is how references spell a block.
func nodeName(node any) string {
	switch n := node.(type) {
	case *Component:
		return n.Kind + "." + n.Name
	case *Images:
		return "images." + n.Name
	case *Labels:
		return "labels." + n.Name
	case *Comparisons:
		return "comparisons." + n.Name
	case *Finetune:
		return "finetune." + n.Name
	}
	return ""
}

func nodeRange(node any) diag.Range {
	switch n := node.(type) {
	case *Component:
		return n.Range
	case *Images:
		return n.Range
	case *Labels:
		return n.Range
	case *Comparisons:
		return n.Range
	case *Finetune:
		return n.Range
	}
	return diag.Range{}
}
