package plan

import "fmt"

// label makes the labels: a name that several nodes share gets the variants
// that the node belongs to.
func (p *Plan) label() {
	count := map[string]int{}
	for _, node := range p.Nodes {
		count[node.Name]++
	}
	used := map[string]bool{}
	for _, node := range p.Nodes {
		node.Label = node.Name
		if count[node.Name] > 1 {
			variant := node.Variants[0]
			if more := len(node.Variants) - 1; more > 0 {
				variant += fmt.Sprintf(" +%d", more)
			}
			node.Label += " [" + variant + "]"
		}
		for base, n := node.Label, 2; used[node.Label]; n++ {
			node.Label = fmt.Sprintf("%s~%d", base, n)
		}
		used[node.Label] = true
	}
}
