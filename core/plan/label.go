package plan

import (
	"fmt"
	"slices"
	"strings"
)

// label makes the labels: a name that several nodes share gets what tells the
// variants that the node belongs to from those of the others, such as "[seed=2]" if
// all of its variants, and no others', have that seed.
func (p *Plan) label() {
	named := map[string][]*Node{}
	for _, node := range p.Nodes {
		named[node.Name] = append(named[node.Name], node)
	}
	used := map[string]bool{}
	for _, node := range p.Nodes {
		node.Label = node.Name
		if alike := named[node.Name]; len(alike) > 1 {
			node.Label += " [" + apart(node, alike) + "]"
		}
		for base, n := node.Label, 2; used[node.Label]; n++ {
			node.Label = fmt.Sprintf("%s~%d", base, n)
		}
		used[node.Label] = true
	}
}

// apart is what the variants of a node have in common, but for what those of all
// nodes of its name have, if no other's have it all; else the first of the variants
// and how many there are more.
func apart(node *Node, alike []*Node) string {
	own := common(node)
	differs := slices.DeleteFunc(slices.Clone(own), func(value string) bool {
		return !slices.ContainsFunc(alike, func(other *Node) bool { return !slices.Contains(common(other), value) })
	})
	unique := len(differs) > 0 && !slices.ContainsFunc(alike, func(other *Node) bool {
		theirs := common(other)
		return other != node && !slices.ContainsFunc(differs, func(value string) bool { return !slices.Contains(theirs, value) })
	})
	if unique {
		return strings.Join(differs, ",")
	}
	text := node.Variants[0]
	if more := len(node.Variants) - 1; more > 0 {
		text += fmt.Sprintf(" +%d", more)
	}
	return text
}

// common are the values that all variants of a node have, as their names spell them.
func common(node *Node) []string {
	values := valuesOf(node.Variants[0])
	for _, variant := range node.Variants[1:] {
		theirs := valuesOf(variant)
		values = slices.DeleteFunc(values, func(value string) bool { return !slices.Contains(theirs, value) })
	}
	return values
}

// valuesOf takes a variant's name apart, such as "weight=0.5,words=[1,2],seed=2", at
// the commas between values.
func valuesOf(name string) []string {
	var values []string
	depth, quoted, begin := 0, false, 0
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			values = append(values, name[begin:i])
			begin = i + 1
		}
	}
	return append(values, name[begin:])
}
