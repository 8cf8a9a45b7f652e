package plugin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestGoDigest: what a Go program does decides on its digest, and not what was
// committed in between or where it was built, whatever system it is for.
func TestGoDigest(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds programs")
	}
	for _, name := range []string{"go", "git"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip("there is no " + name)
		}
	}
	// ELF, Mach-O and PE.
	for _, system := range [][2]string{{"linux", runtime.GOARCH}, {"darwin", "arm64"}, {"windows", "amd64"}} {
		t.Run(system[0]+"/"+system[1], func(t *testing.T) {
			t.Parallel()
			testGoDigest(t, system[0], system[1])
		})
	}
}

func testGoDigest(t *testing.T, system, machine string) {
	const main = "package main\n\nvar text = \"%s\"\n\nfunc main() { println(text) } // %s\n"
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "deeper", "second")
	run := func(directory, name string, arguments ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), name, arguments...)
		command.Dir = directory
		command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+machine, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s %q: %v\n%s", name, arguments, err, said)
		}
	}
	commit := func(directory, why string) {
		run(directory, "git", "add", "-A")
		run(directory, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", why)
	}
	digest := func(path string) string {
		t.Helper()
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		sum, ok := goDigest(file)
		if !ok {
			t.Fatal("it is not taken for a Go program")
		}
		return sum
	}
	program := filepath.Join(t.TempDir(), "redness")
	build := func(directory string, flags ...string) string {
		t.Helper()
		run(directory, "go", append(append([]string{"build", "-o", program}, flags...), ".")...)
		return digest(program)
	}
	for _, directory := range []string{first, second} {
		put(t, directory, map[string]string{"go.mod": "module example.com/redness\n\ngo 1.26\n", "main.go": fmt.Sprintf(main, "red", "a comment")})
		run(directory, "git", "init", "-q")
		commit(directory, "first")
	}
	before := build(first, "-trimpath")
	put(t, first, map[string]string{"README.md": "words"})
	commit(first, "second")
	if after := build(first, "-trimpath"); after != before {
		t.Error("an unrelated commit changes the digest")
	}
	put(t, second, map[string]string{"NOTES.md": "other words"})
	commit(second, "other")
	if there := build(second, "-trimpath"); there != before {
		t.Error("another directory changes the digest")
	}
	put(t, first, map[string]string{"main.go": fmt.Sprintf(main, "red", "b comment")})
	commit(first, "third")
	if commented := build(first, "-trimpath"); commented != before {
		t.Error("a changed comment changes the digest")
	}
	put(t, first, map[string]string{"main.go": fmt.Sprintf(main, "rad", "b comment")})
	commit(first, "fourth")
	if other := build(first, "-trimpath"); other == before {
		t.Error("another text has the same digest")
	}
	if tagged := build(first, "-trimpath", "-ldflags=-X main.text=red"); tagged == before {
		t.Error("other flags have the same digest")
	}

	// Without a stamp nothing of the repository counts.
	put(t, first, map[string]string{"main.go": fmt.Sprintf(main, "red", "c comment")})
	unstamped := build(first, "-trimpath", "-buildvcs=false")
	commit(first, "fifth")
	run(first, "git", "tag", "v1.2.3")
	if again := build(first, "-trimpath", "-buildvcs=false"); again != unstamped {
		t.Error("a commit and a tag change the digest of what has no stamp")
	}

	// Something behind a program, and a changed byte of its code or its numbers.
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	altered := filepath.Join(t.TempDir(), "altered")
	if err := os.WriteFile(altered, append(text[:len(text):len(text)], "archive"...), 0o755); err != nil {
		t.Fatal(err)
	}
	if digest(altered) == unstamped {
		t.Error("what is appended does not count")
	}
	text[0x3000] ^= 1 // code, not far behind its beginning
	if err := os.WriteFile(altered, text, 0o755); err != nil {
		t.Fatal(err)
	}
	if digest(altered) == unstamped {
		t.Error("a changed instruction does not count")
	}
}
