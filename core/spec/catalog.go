package spec

import (
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Catalog knows the components that plugins provide. Package plugin
// implements it from what the plugins say of themselves.
type Catalog interface {
	// Component returns who provides a component. A name may say which plugin's it is:
	// "redness/clip_score". One that does not is the built-in's, or the only one's.
	Component(kind, name string) (Identity, bool)
	// Providers returns all that a name may mean.
	Providers(kind, name string) []Identity
	// Names lists the components of a kind, sorted; those that several plugins provide
	// with their plugins.
	Names(kind string) []string
}

// Identity is who computes: a component, as it describes itself, of a plugin.
// An experiment is checked against it, and what results depend on is in keys.
type Identity struct {
	Plugin string // Builtin, or what the experiment calls the plugin
	SHA256 string // of all that the plugin is made of; empty for built-ins, which CodeVersion stands for

	// Contents is what that was taken of, a thing a line, for people.
	Contents []string
	// Environment lists what the answers depend on beside the plugin's own code:
	// interpreter and packages with their versions.
	Environment map[string]string
	// Variables tells values of the environment apart that the plugin gets and that may
	// change its answers, by their names. They hold no value, and nothing of secrets.
	Variables map[string]string
	// Device and DType are those of the plugin's block.
	Device, DType string
	Range         diag.Range // of the plugin's block

	schema.Component
}

// Qualified is the component's name with its plugin's. A built-in needs none.
func (i Identity) Qualified() string {
	if i.Builtin() {
		return i.Name
	}
	return i.Plugin + "/" + i.Name
}

// Builtin reports whether the component comes with Plumb.
func (i Identity) Builtin() bool { return i.SHA256 == "" }

// The language describes its own blocks as plugins describe theirs.
type (
	Schema    = schema.Schema
	Attribute = schema.Attribute
	Block     = schema.Block
	Type      = schema.Type
)
