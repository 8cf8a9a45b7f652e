package plugin

import (
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/core/spec"
)

// Entry is a plugin that a host runs: what a block of an experiment says of it, and
// on whose word.
type Entry struct {
	spec.Plugin
	// Lock is what the lock file has of it; nil: it is not locked. What is not as it
	// was locked is refused.
	Lock *Locked
	// Other is what the lock file has under the plugin's name if that is another source
	// or command; for messages.
	Other *Locked
	// Allowed says that the plugin may run though it is not locked. Nothing is
	// executed of one that is neither.
	Allowed bool
}

// called is what messages and logs call the plugin.
func (e Entry) called() string {
	switch {
	case e.Name != "":
		return e.Name
	case e.Source != "":
		return strings.TrimSuffix(filepath.Base(filepath.Clean(e.Source)), ".py")
	case len(e.Command) > 0:
		return filepath.Base(e.Command[0])
	}
	return "plugin"
}

// near is a path as the entry's block would have it.
func (e Entry) near(path string) string {
	if short, err := filepath.Rel(e.Directory, path); err == nil && filepath.IsLocal(short) {
		return filepath.ToSlash(short)
	}
	return path
}

// SourceEntry is a plugin that a user names on the command line: a program, a Python
// script with a header, or a directory. It may run. An empty name stands for what the
// plugin calls itself.
func SourceEntry(name, source string) Entry {
	directory, err := filepath.Abs(".")
	if err != nil {
		directory = "." // a working directory that is gone: nothing will be found there
	}
	return Entry{Plugin: spec.Plugin{Name: name, Source: source, Directory: directory}, Allowed: true}
}

// BuiltinEntry is what serves the built-in components.
func BuiltinEntry(command ...string) Entry {
	return Entry{Plugin: spec.Plugin{Name: spec.Builtin, Command: command}}
}
