// Package pjrt loads PJRT plugins (OpenXLA's C API for compilers and devices) for
// go-xla, and keeps what they compile.
//
// XLA takes seconds to compile a small network and minutes for a large one, in
// every process again. go-xla has no way to keep an executable, but takes a table
// of a plugin's functions that somebody else has loaded (RegisterPreloadedPlugin).
// The table that it gets from here is the plugin's own with one function in another
// place: the one that compiles. That one looks into a directory first, and has the
// plugin serialize what it had to compile (PJRT_Executable_Serialize and
// PJRT_Executable_DeserializeAndLoad).
package pjrt
