package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestSockets: a host removes what the dead left, and nothing of the living.
func TestSockets(t *testing.T) {
	below, err := os.MkdirTemp("/tmp", "s")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(below)
	living, err := openSockets(below)
	if err != nil || living == nil {
		t.Fatal(living, err)
	}
	if info, err := os.Stat(living.dir); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("others may enter: %v, %v", info.Mode(), err)
	}
	dead := filepath.Join(below, socketsPrefix+"dead")
	others := filepath.Join(below, "plumb-notes")
	if err := errors.Join(
		os.MkdirAll(filepath.Join(dead, "plugin-dir1"), 0o700),
		os.WriteFile(filepath.Join(dead, "plugin-dir1", "socket"), nil, 0o600),
		os.WriteFile(dead+socketsLockSuffix, nil, 0o600),
		os.Mkdir(others, 0o700),
	); err != nil {
		t.Fatal(err)
	}
	next, err := openSockets(below)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{dead: false, dead + socketsLockSuffix: false, living.dir: true, next.dir: true, others: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v, there: want %v", path, err, want)
		}
	}
	living.close()
	next.close()
	if left, _ := os.ReadDir(below); len(left) != 1 {
		t.Errorf("%v is left", left)
	}

	long := filepath.Join(below, strings.Repeat("x", longestSockets))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := openSockets(long)
	if err != nil || s == nil || filepath.Dir(s.dir) != shortest {
		t.Errorf("a path that is too long: %v, %v", s, err)
	}
	if s != nil {
		s.close()
	}
	if left, _ := os.ReadDir(long); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// A host that never started a plugin, since all was there, removes what the dead left.
func TestIdleHostRemovesSockets(t *testing.T) {
	below := t.TempDir()
	t.Setenv("TMPDIR", below)
	dead := filepath.Join(below, socketsPrefix+"dead")
	if err := errors.Join(os.Mkdir(dead, 0o700), os.WriteFile(dead+socketsLockSuffix, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	NewHost(Options{}).Kill()
	if left, _ := os.ReadDir(below); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// What guards connections is closed to others, or refused.
func TestCloseToOthers(t *testing.T) {
	if overPorts {
		t.Skip("directories guard nothing here")
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := closeToOthers(open); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(open); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("it is left with the mode %v, %v", info.Mode(), err)
	}
	for _, dir := range []string{"/proc/self/task", filepath.Join(open, "none")} { // /proc keeps no modes
		if _, err := os.Stat("/proc/self/task"); err != nil {
			continue
		}
		says(t, closeToOthers(dir), "no place for their sockets that is closed to other users", dir, "TMPDIR")
	}
}
