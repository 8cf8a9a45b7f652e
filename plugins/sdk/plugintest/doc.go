// Package plugintest holds a plugin in Go against the contract in its own tests, over a
// real gRPC connection, without a process.
//
//	func TestConformance(t *testing.T) {
//		plugintest.Run(t, myPlugin)
//	}
//
// The checks are those of package conformance; `plumb plugin check` makes them, and
// harder ones, on the built plugin. Rewards that read vectors get made-up ones, or those
// of Case.Encoder. It says nothing about whether the answers are good.
package plugintest
