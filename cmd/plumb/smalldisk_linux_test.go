package main

import (
	"os"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// canMount reports whether small file systems can be mounted here.
var canMount = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "smalldisk")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	return unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k") == nil && unix.Unmount(dir, 0) == nil
})

// smallDisk mounts a file system of a size at DIR, or changes the size of the
// one that it mounted there.
//
//	smalldisk DIR SIZE
func smallDisk(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 2 {
		ts.Fatalf("usage: smalldisk DIR SIZE")
	}
	dir, size := ts.MkAbs(args[0]), "size="+args[1]
	if _, err := os.Stat(dir); err == nil {
		ts.Check(unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, size))
		return
	}
	ts.Check(os.Mkdir(dir, 0o755))
	ts.Check(unix.Mount("tmpfs", dir, "tmpfs", 0, size))
	ts.Defer(func() { ts.Check(unix.Unmount(dir, unix.MNT_DETACH)) })
}
