package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// mostChoices is how many stages an error names.
const mostChoices = 8

// NotFound says that a name is not that of one stage, and which it may have meant.
type NotFound struct {
	Name    string
	Choices []string // stages that begin with it, or that are spelled like it; may be empty
	Begin   bool     // the choices begin with Name: it is ambiguous
	All     int      // stages of the plan
	Example string   // one of them
}

func (n *NotFound) Error() string {
	shown, more := n.Choices, ""
	if len(shown) > mostChoices {
		shown, more = shown[:mostChoices], fmt.Sprintf("\n  and %d others", len(shown)-mostChoices)
	}
	switch {
	case n.Begin:
		return fmt.Sprintf("%q begins the names of %d stages; say more of one:\n  %s%s", n.Name, len(n.Choices), strings.Join(shown, "\n  "), more)
	case len(shown) == 1:
		return fmt.Sprintf("no stage is called %q. Did you mean %q? `plumb plan` lists all %d", n.Name, shown[0], n.All)
	case len(shown) > 1:
		return fmt.Sprintf("no stage is called %q. Did you mean one of these? `plumb plan` lists all %d:\n  %s%s", n.Name, n.All, strings.Join(shown, "\n  "), more)
	}
	return fmt.Sprintf("no stage is called %q; `plumb plan` lists all %d, such as %q", n.Name, n.All, n.Example)
}

// Find returns the nodes that a name means: those of that name or label, those that
// a variant calls so, or else those of the only name that begins with it. Several
// nodes have one name in different variants. The error is *NotFound.
func (p *Plan) Find(name string) ([]*Node, error) {
	if found := p.called(name); found != nil {
		return found, nil
	}
	names := p.names()
	var begin []string
	meant := map[*Node]bool{}
	if name != "" {
		for _, known := range names {
			if strings.HasPrefix(known, name) {
				begin = append(begin, known)
				for _, node := range p.called(known) {
					meant[node] = true
				}
			}
		}
	}
	if len(meant) == 1 {
		return p.called(begin[0]), nil
	}
	for _, known := range begin {
		// All that it begins are the same stage, of several variants.
		if found := p.called(known); len(found) == len(meant) {
			return found, nil
		}
	}
	if len(begin) > 0 {
		// Variants of a stage are worth telling apart where nothing else is to be.
		if plain := slices.DeleteFunc(slices.Clone(begin), func(known string) bool { return strings.Contains(known, "[") }); len(plain) > 1 {
			begin = plain
		}
		return nil, &NotFound{Name: name, Choices: begin, Begin: true, All: len(p.Nodes)}
	}
	missed := &NotFound{Name: name, Choices: alike(name, names), All: len(p.Nodes)}
	if len(names) > 0 {
		missed.Example = names[0]
	}
	return nil, missed
}

// called returns the nodes of exactly this name or label.
func (p *Plan) called(name string) []*Node {
	var found []*Node
	for _, node := range p.Nodes {
		if node.Label == name {
			return []*Node{node}
		}
		if node.Name == name {
			found = append(found, node)
		}
	}
	if found != nil {
		return found
	}
	// A variant may know the node by another name, and its own name says which node
	// is meant, however little of it is in a label.
	seen := map[*Node]bool{}
	for _, variant := range p.Variants {
		for _, stage := range variant.Stages {
			if (stage.Name == name || stage.Name+" ["+variant.Name+"]" == name) && !seen[stage.Node] {
				seen[stage.Node] = true
				found = append(found, stage.Node)
			}
		}
	}
	return found
}

// names are all that nodes can be found by, each once, in the plan's order.
func (p *Plan) names() []string {
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, node := range p.Nodes {
		add(node.Name)
		add(node.Label)
	}
	for _, variant := range p.Variants {
		for _, stage := range variant.Stages {
			add(stage.Name)
		}
	}
	return names
}

// alike are the names that a misspelt one may have meant: the nearest, or those with
// the same parts or a nearby one.
func alike(name string, names []string) []string {
	if name == "" {
		return nil
	}
	if one := diag.Suggest(name, names); one != "" {
		return []string{one}
	}
	var choices []string
	last := name[strings.LastIndex(name, "/")+1:]
	for _, known := range names {
		parts := strings.Split(known, "/")
		if strings.Contains(known, name) || last != "" && (slices.Contains(parts, last) || diag.Suggest(last, parts) != "") {
			choices = append(choices, known)
		}
	}
	return choices
}
