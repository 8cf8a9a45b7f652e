package plan

import (
	"regexp"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// content is how a key's configuration writes a file or directory: its digest, or
// that it is not there.
var content = regexp.MustCompile(`"(sha256:[0-9a-f]+|sha256:missing: [^"]*)"`)

// Pace tells from a key what an item's time depends on most: which components,
// with which weights, on what. Stages of one pace take times in proportion to their
// items. The rest of a configuration is left out, so that a stage whose settings
// change has a forecast still.
func Pace(parts []record.KeyPart) string {
	var lines []string
	for _, part := range parts {
		name, _, _ := strings.Cut(part.Name, " ")
		switch {
		case part.Name == "compute":
			lines = append(lines, part.Value)
		case !isComponent(name):
		case strings.HasSuffix(part.Name, " config"):
			lines = append(lines, content.FindAllString(part.Value, -1)...)
		case !strings.Contains(part.Name, " "):
			if words := strings.Fields(part.Value); len(words) > 1 {
				lines = append(lines, part.Name+" "+words[0]+" "+words[1])
			}
		}
	}
	return strings.Join(lines, "\n")
}

// Pace is that of a node's key.
func (n *Node) Pace(environment Environment) string {
	if n.Instance == nil {
		return ""
	}
	return Pace(append(instanceParts(n.Instance), computePart(environment)))
}

// isComponent reports whether the first word of a line of a key is of a component.
func isComponent(name string) bool {
	switch name {
	case "sampler", "encoder", "rater", "reward":
		return true
	}
	return false
}
