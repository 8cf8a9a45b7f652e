package plan

import "strings"

// Pace says what an item's time depends on most: which components, with which
// weights, on what. Stages of one kind and pace take times in proportion to their
// items. The rest of a configuration is left out, so that a stage whose settings
// change has a forecast still. It is empty for a stage that Plumb does by itself.
func (n *Node) Pace(environment Environment) string {
	if n.Instance == nil {
		return ""
	}
	return strings.Join(append(n.Instance.pace(""), computePart(environment).Value), "\n")
}

// pace lists an instance's component and the content of its files, then those of
// what it uses.
func (i *Instance) pace(prefix string) []string {
	role := prefix + i.Kind
	lines := []string{role + " " + i.Identity.Plugin + " " + i.Component}
	lines = append(lines, i.contents...)
	for _, used := range i.Uses {
		lines = append(lines, used.pace(role+".")...)
	}
	return lines
}
