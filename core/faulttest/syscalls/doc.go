// Package syscalls watches what a program does to a directory, call by call, and
// lets its calls fail. It is for tests of what a power cut, a full disk or a kill
// leaves behind, whatever language and library the program is made with: nothing in
// the program knows of it.
//
// It traces with ptrace(2), on Linux on amd64; elsewhere, and where tracing is not
// allowed, Trace says so. It does not see what is written through shared mappings.
package syscalls

import "errors"

// ErrUnsupported says that programs cannot be traced here.
var ErrUnsupported = errors.New("programs cannot be traced here")

// Kind is what a call did.
type Kind string

// The kinds of calls that change a directory, or make its changes last.
const (
	Create   Kind = "create"    // a file, empty
	Mkdir    Kind = "mkdir"     // a directory
	Symlink  Kind = "symlink"   // a link to Other
	Link     Kind = "link"      // Other is one more name of the file
	Rename   Kind = "rename"    // to Other
	Unlink   Kind = "unlink"    // of a file
	Rmdir    Kind = "rmdir"     // of a directory
	Content  Kind = "content"   // of a file is known: it was closed after it was written to
	Sync     Kind = "sync"      // a file's content is on the disk
	SyncDir  Kind = "sync dir"  // a directory's names are on the disk
	Truncate Kind = "truncated" // a file, by opening it
)

// Op is one call that did something below the watched directory.
type Op struct {
	Kind    Kind
	Path    string // relative to the watched directory, "." is itself
	Other   string
	Content []byte // of Content and Sync
}

// Call is a call that is about to be made. It counts writes: what needs space.
type Call struct {
	Name string // such as "write"
	Path string // of the file, absolute
	// N numbers the calls that need space below the watched directory, from 1.
	N int
}

// Options say what is traced.
type Options struct {
	Command []string
	Env     []string
	Dir     string
	Watch   string // the directory, absolute and without links
	Stdout  string // a file, empty: nowhere
	// Op is called for each call that did something below Watch, in their order.
	Op func(Op)
	// Fail is asked before each call that needs space; an errno other than 0 is its
	// result, and the call is not made. May be nil.
	Fail func(Call) int
}
