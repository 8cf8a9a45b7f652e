package spec

import "github.com/plumb-ml/plumb/plugins/sdk/schema"

// Catalog knows the components that plugins provide. Package plugin
// implements it from what the plugins say of themselves.
type Catalog interface {
	// Component returns who provides a component.
	Component(kind, name string) (Identity, bool)
	// Names lists the components of a kind, sorted.
	Names(kind string) []string
}

// Identity is who computes: a component, as it describes itself, of a plugin.
// An experiment is checked against it, and what results depend on is in keys.
type Identity struct {
	Plugin string // "builtin", or what the experiment calls the plugin
	SHA256 string // of the plugin's binary; empty for built-ins, which CodeVersion stands for
	schema.Component
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
