package spec

import (
	"github.com/hashicorp/hcl/v2"
)

var pluginSchema = Schema{Attributes: []Attribute{
	{Name: "source", Type: "string", Required: true, Summary: "path of the plugin's binary"},
}}

// pluginBlocks decodes blocks such as
//
//	plugin "redness" {
//	  source = "./redness"
//	}
//
// Whether the binary is there, and is the one that the lock file names, is
// checked where it is launched: an experiment can be read without its plugins.
func (l *loader) pluginBlocks() {
	seen := map[string]hcl.Range{}
	for _, block := range l.blocks["plugin"] {
		name := block.Labels[0]
		arguments := l.decode(block.Body, form{schema: pluginSchema})
		if !l.identifier(name, block.LabelRanges[0]) {
			continue
		}
		if other, ok := seen[name]; ok {
			l.error(block.LabelRanges[0], "Duplicate name", "Another plugin block is called %q, on line %d. Choose another name.", name, other.Start.Line)
			continue
		}
		seen[name] = block.DefRange
		plugin := Plugin{Name: name, Range: FromRange(block.DefRange)}
		if source := arguments.text("source"); source != "" {
			plugin.Source = l.beside(source)
		} else if !arguments.bad["source"] {
			l.error(arguments.at("source", block.DefRange), "Empty path", "source names the plugin's binary, such as \"./%s\".", name)
		}
		l.spec.Plugins = append(l.spec.Plugins, plugin)
	}
}
