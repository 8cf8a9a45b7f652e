// Package spec reads an experiment from HCL and evaluates it fully.
//
// Load parses a file in native or JSON syntax, resolves its variables, locals
// and references, expands its prompts, and checks the body of every component
// block against the schema that the component's plugin describes. What comes
// out is a Spec: plain values and pointers, nothing left to evaluate. All
// mistakes of a file are reported at once, each with its place and a way out.
//
// A file cannot kill or stall who reads it: its size and nesting are bounded before
// it is parsed (limit.go), what evaluation makes of it while it is made (meter.go),
// and the time is in proportion to the text and to the prompts that come of it.
//
// There is one file for each kind of block, named after it.
//
// A spec is pure: the same file, variables and catalog give the same Spec. So
// the package refuses to offer functions that read files, the environment or
// the clock, and it refuses to run, open or download anything. The only files
// it reads beside the experiment are the ones that path arguments name, for
// their digests and, of folders of images, for how many there are.
package spec
