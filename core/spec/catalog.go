package spec

import "github.com/plumb-ml/plumb/plugins/sdk/schema"

// Catalog knows the components that plugins provide. Package plugin
// implements it from what the plugins say of themselves.
type Catalog interface {
	// Component returns what a component says of itself.
	Component(kind, name string) (schema.Component, bool)
	// Names lists the components of a kind, sorted.
	Names(kind string) []string
}

// The language describes its own blocks as plugins describe theirs.
type (
	Schema    = schema.Schema
	Attribute = schema.Attribute
	Block     = schema.Block
	Type      = schema.Type
)
