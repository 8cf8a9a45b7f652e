// Package golang is what `plumb plugin new --lang go` writes: a plugin in Go, a module
// of its own with one component, its tests and a page on how to use it.
//
// The sources are the module plugins/template, which is built and tested as it stands.
// A module cannot be embedded by another one, so that it is kept here once more, as the
// archive template.txtar; a test holds the two together.
package golang

//go:generate go test -run TestArchive -update .
