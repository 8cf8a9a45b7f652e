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
	i := n.Instance
	lines := append([]string{i.Kind + " " + i.Identity.Plugin + " " + i.Component}, i.contents...)
	if _, texts := n.Work.(*EncodeTextsWork); texts {
		lines = append(lines, "texts") // which take another time than images
	}
	return strings.Join(append(lines, computePart(environment).Value), "\n")
}
