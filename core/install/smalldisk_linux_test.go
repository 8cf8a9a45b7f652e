package install

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mount makes a small file system at a new directory, where that may be done.
func mount(t *testing.T, options string, flags uintptr) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// TestFullDisk: a disk that becomes full while a wheel comes, or is unpacked, is
// told as such, and nothing is installed half.
func TestFullDisk(t *testing.T) {
	r, files := release(t)
	for i := range r.Wheels { // as if it were smaller, so that it is begun
		r.Wheels[i].Unpacked = 0
	}
	for _, size := range []string{"200k", "500k"} {
		root := mount(t, "size="+size, 0)
		in := newServer(t, r, files).installer(t, root)
		_, _, err := in.Install(t.Context(), r, nil)
		if err == nil || !strings.Contains(err.Error(), "Not enough space") {
			t.Errorf("%s: %v", size, err)
		}
		if got := left(t, root); len(got) != 0 {
			t.Errorf("%s: left %v", size, got)
		}
	}
}

// TestReadOnly: a file system that cannot be written to names the variable.
func TestReadOnly(t *testing.T) {
	r, files := release(t)
	in := newServer(t, r, files).installer(t, mount(t, "size=4k", unix.MS_RDONLY))
	if _, _, err := in.Install(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), "cannot be written to") || !strings.Contains(err.Error(), "PLUMB_BACKENDS") {
		t.Error(err)
	}
}
