package spec

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
)

// Builtin is the plugin that comes with Plumb: no block may have its name.
const Builtin = "builtin"

// Plugin is a third party's plugin, named by the experiment. Paths are as they are
// written, and mean what is beside the experiment.
type Plugin struct {
	Name string
	// Source is what the plugin is: a program, a Python script with its packages in
	// its header, or a directory; empty if Command and Files say all.
	Source string
	// Command is what runs it, with its arguments; empty: the source itself.
	Command []string
	// Files are patterns of further files that its answers depend on.
	Files []string
	// Environment names the variables of the environment that it gets beside the
	// few that every plugin gets.
	Environment []string
	// Silence is how long it may go without a sign of life; 0: as long as is usual.
	Silence time.Duration
	// Device and DType are in PyTorch's words, such as "cuda:1" and "bfloat16";
	// empty: as the component finds best.
	Device, DType string

	Directory string // absolute, of the experiment
	Range     diag.Range
	// Places are where its arguments stand, by name.
	Places map[string]diag.Range
}

// Beside resolves a path of the plugin's block.
func (p Plugin) Beside(path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(p.Directory, path)
}

// has reports whether a pattern of files is of the experiment's directory or of that
// of the plugin's source.
func (p Plugin) has(pattern string) bool {
	pattern = filepath.FromSlash(pattern)
	if filepath.IsAbs(pattern) {
		return false
	}
	if filepath.IsLocal(pattern) {
		return true
	}
	if p.Source == "" || filepath.IsAbs(filepath.FromSlash(p.Source)) {
		return false
	}
	near, err := filepath.Rel(filepath.Dir(filepath.FromSlash(p.Source)), pattern)
	return err == nil && filepath.IsLocal(near)
}

// Place is where an argument stands, or the block if it is not given.
func (p Plugin) Place(argument string) diag.Range {
	if at, ok := p.Places[argument]; ok {
		return at
	}
	return p.Range
}

var pluginSchema = Schema{Attributes: []Attribute{
	{Name: "source", Type: "string", Summary: "what the plugin is: a program, a Python script with a PEP 723 header, or a directory"},
	{Name: "command", Type: "list(string)", Summary: "what runs it, with its arguments, such as [\".venv/bin/python\", \"-m\", \"redness\"]"},
	{Name: "files", Type: "list(string)", Summary: "patterns of further files that its answers depend on"},
	{Name: "environment", Type: "list(string)", Summary: "names of variables of the environment that it gets, such as HF_TOKEN"},
	{Name: "silence", Type: "string", Summary: "how long it may go without a sign of life, such as \"5m\"; 60 s if not given"},
	{Name: "device", Type: "string", Summary: "where it computes, in PyTorch's words: cpu, cuda, cuda:1, mps"},
	{Name: "dtype", Type: "string", OneOf: []string{"float32", "bfloat16", "float16"}, Summary: "the numbers that it computes with"},
}}

// The bounds of silence. Signs of life come every 2 s.
const (
	leastSilence = 5 * time.Second
	mostSilence  = 24 * time.Hour
)

var (
	deviceName   = regexp.MustCompile(`^[a-z]+(:[0-9]+)?$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// pluginBlocks decodes blocks such as
//
//	plugin "redness" {
//	  source = "./redness"
//	}
//
// Whether what they name is there, and is what the lock file has, is checked where
// it is launched: an experiment can be read without its plugins.
func (l *loader) pluginBlocks() {
	seen := map[string]hcl.Range{}
	directory := l.beside(".")
	for _, block := range l.blocks["plugin"] {
		name := block.Labels[0]
		before := len(l.diagnostics)
		arguments := l.decode(block.Body, form{schema: pluginSchema})
		unclear := l.diagnostics[before:].HasErrors()
		if !l.identifier(name, block.LabelRanges[0]) {
			continue
		}
		if name == Builtin {
			l.error(block.LabelRanges[0], "Reserved name", "The plugin %q is what comes with Plumb. Call the block what the plugin calls itself.", name)
			continue
		}
		if other, ok := seen[name]; ok {
			l.error(block.LabelRanges[0], "Duplicate name", "Another plugin block is called %q, on line %d. A plugin has one block, of the name that it calls itself: remove one of them.", name, other.Start.Line)
			continue
		}
		seen[name] = block.DefRange
		l.spec.Plugins = append(l.spec.Plugins, l.plugin(block, name, directory, arguments, unclear))
	}
}

// plugin decodes a block; unclear says that something in it was told already that may
// have been meant for what is missing.
func (l *loader) plugin(block *hcl.Block, name, directory string, arguments arguments, unclear bool) Plugin {
	texts := func(argument string) []string {
		var list []string
		values, _ := arguments.config[argument].([]any)
		for _, value := range values {
			text, _ := value.(string)
			if text == "" {
				l.error(arguments.at(argument, block.DefRange), "Empty string", "%s holds an empty string. Remove it.", argument)
				continue
			}
			list = append(list, text)
		}
		return list
	}
	p := Plugin{
		Name: name, Source: arguments.text("source"), Command: texts("command"), Files: texts("files"), Environment: texts("environment"),
		Device: arguments.text("device"), DType: arguments.text("dtype"),
		Directory: directory, Range: FromRange(block.DefRange), Places: map[string]diag.Range{},
	}
	for argument, at := range arguments.ranges {
		p.Places[argument] = FromRange(at)
	}
	switch {
	case arguments.bad["source"] || arguments.bad["command"] || unclear && !arguments.given("source") && !arguments.given("command"):
		// What was meant for it is told already.
	case arguments.given("source") && p.Source == "":
		l.error(arguments.at("source", block.DefRange), "Empty path", "source names what the plugin is, such as \"./%s\".", name)
	case p.Source == "" && len(p.Command) == 0:
		l.error(block.DefRange, "Plugin without source", "Say what the plugin is: source = \"./%s\" for a program, \"%s.py\" for a Python script with its packages in its header, or a directory with command = [\"%s/.venv/bin/python\", \"-m\", \"%s\"].", name, name, name, name)
	}
	l.staysInside("source", p.Source, directory, block, arguments)
	for _, word := range p.Command {
		l.staysInside("command", word, directory, block, arguments)
	}
	for _, pattern := range p.Files {
		if _, err := filepath.Match(pattern, ""); err != nil {
			l.error(arguments.at("files", block.DefRange), "Wrong pattern", "%q is no pattern of files: %v. A pattern is such as \"redness/*.json\"; * and ? stand for characters of a name, [a-z] for one of them.", pattern, err)
		} else if !p.has(pattern) {
			l.error(arguments.at("files", block.DefRange), "Path leaves the directory", "files are beside the experiment, beside the plugin's source, or in directories below, and %q is not. Copy what it names, or move the plugin.", pattern)
		}
	}
	for _, variable := range p.Environment {
		switch {
		case !variableName.MatchString(variable):
			l.error(arguments.at("environment", block.DefRange), "Wrong name", "%q is no name of a variable of the environment. environment lists names, such as \"HF_TOKEN\"; their values stay where they are.", variable)
		case strings.HasPrefix(variable, "PLUGIN_") || variable == "PLUMB_PLUGIN" || variable == "PLUMB_PLUGIN_TREE":
			l.error(arguments.at("environment", block.DefRange), "Reserved name", "%s is set by Plumb.", variable)
		}
	}
	if text := arguments.text("silence"); arguments.given("silence") && !arguments.bad["silence"] {
		silence, err := time.ParseDuration(text)
		if err != nil || silence < leastSilence || silence > mostSilence {
			l.error(arguments.at("silence", block.DefRange), "Wrong value", "silence is a time from 5 s to 24 h, such as \"90s\", \"5m\" or \"1h30m\", and this is %q.", text)
		} else {
			p.Silence = silence
		}
	}
	if arguments.given("device") && !arguments.bad["device"] && !deviceName.MatchString(p.Device) {
		l.error(arguments.at("device", block.DefRange), "Wrong value", "device is what PyTorch calls one, such as \"cpu\", \"cuda\", \"cuda:1\" or \"mps\", and this is %q.", p.Device)
	}
	return p
}

// staysInside refuses a relative path that leads out of what others have who have the
// experiment.
func (l *loader) staysInside(argument, path, directory string, block *hcl.Block, arguments arguments) {
	if root, outside := l.leavesRepository(directory, path); outside {
		l.error(arguments.at(argument, block.DefRange), "Path leaves the repository", "%q is outside of %s: whoever has the experiment does not have it. Move it there, or write an absolute path if that is meant.", path, root)
	}
}

// leavesRepository reports whether a relative path leads out of the repository that
// the experiment is in, if it is in one.
func (l *loader) leavesRepository(directory, path string) (root string, outside bool) {
	path = filepath.FromSlash(path)
	if path == "" || filepath.IsAbs(path) || filepath.IsLocal(path) {
		return "", false
	}
	for root = directory; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, ".git")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			return "", false
		}
	}
	near, err := filepath.Rel(root, filepath.Join(directory, path))
	return root, err == nil && !filepath.IsLocal(near)
}

// SamePlugins reports whether two experiments name the same plugins: variants of one
// experiment have to.
func SamePlugins(one, other []Plugin) bool {
	return slices.EqualFunc(one, other, func(a, b Plugin) bool {
		return a.Name == b.Name && a.Source == b.Source && a.Directory == b.Directory && a.Silence == b.Silence && a.Device == b.Device && a.DType == b.DType &&
			slices.Equal(a.Command, b.Command) && slices.Equal(a.Files, b.Files) && slices.Equal(a.Environment, b.Environment)
	})
}
