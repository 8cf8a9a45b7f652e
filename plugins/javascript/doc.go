// Package javascript holds a plugin in a language for which Plumb has no package: a
// reward on gRPC's own library, written from docs/plugin-protocol.md. Its test is that
// the page is enough.
package javascript
