//go:build unix

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// nobody is a user who owns nothing: the superuser may write anywhere, and so cannot
// tell whether something is written.
const nobody = 65534

// TestReadingNeedsNoWriting runs every verb that only reads as somebody who may not
// write to the store, the directory of runs or the experiment's.
func TestReadingNeedsNoWriting(t *testing.T) {
	backendstest.Only(t, backends.Go)
	root, err := os.MkdirTemp("", "plumb-read-only-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		filepath.WalkDir(root, func(path string, entry fs.DirEntry, _ error) error {
			if entry != nil && entry.IsDir() {
				os.Chmod(path, 0o755)
			}
			return nil
		})
		os.RemoveAll(root)
	})
	binary, file := filepath.Join(root, "plumb"), filepath.Join(root, "tiny.hcl")
	for source, target := range map[string]string{os.Args[0]: binary, "testdata/tiny.hcl": file} {
		content, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	own := filepath.Join(root, "own") // where whoever reads may write
	if err := os.Mkdir(own, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(own, 0o777); err != nil {
		t.Fatal(err)
	}
	plumb := func(other bool, args ...string) (string, error) {
		command := exec.Command(binary, args...)
		command.Dir = root
		command.Env = append(os.Environ(), plumbTestVerb+"=1", "HOME="+own, "TMPDIR="+own)
		if other && os.Getuid() == 0 {
			command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true}}
		}
		said, err := command.CombinedOutput()
		return string(said), err
	}
	if said, err := plumb(false, "run", "tiny.hcl"); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == own {
			return err
		}
		mode := fs.FileMode(0o444)
		if entry.Type()&fs.ModeSymlink != 0 {
			return nil
		} else if entry.IsDir() || path == binary {
			mode = 0o555
		}
		return os.Chmod(path, mode)
	}); err != nil {
		t.Fatal(err)
	}

	tables := "Models: alignment against fidelity"
	for _, test := range []struct {
		args string
		want []string
		code int
	}{
		{"validate tiny.hcl", []string{"tiny.hcl is valid"}, exitOK},
		{"plan tiny.hcl", []string{"34 stages, all cached"}, exitOK},
		{"plan -var learning_rate=0.5 tiny.hcl", []string{"24 cached, 10 to run"}, exitOK},
		{"explain tiny.hcl tune/redder", []string{"cached: made"}, exitOK},
		{"runs", []string{"tiny@", "34/34"}, exitOK},
		{"watch --text tiny", []string{"done, 34 of 34 stages finished"}, exitOK},
		{"report tiny", []string{tables, "the report's files are not written"}, exitOK},
		{"report tiny --out own/tiny.md", []string{"own/tiny.md"}, exitOK},
		{"report -runs own -store runs/store tiny", []string{tables, "own/tiny@"}, exitOK},
		{"export tiny.hcl tune/redder own/tuned", []string{"is in own/tuned"}, exitOK},
		{"export tiny.hcl evaluate/main own/sheet --label-sheet", []string{"to judge are in own/sheet"}, exitOK},
		{"store usage", []string{"runs/store: "}, exitOK},
		{"store verify", []string{"Everything is as it was put there"}, exitOK},
		// What has to write says why it cannot.
		{"run tiny.hcl", []string{"cannot be written to", "--store"}, exitFailed},
		{"runs rm tiny", []string{"cannot be written to"}, exitFailed},
		{"store gc", []string{"cannot be written to"}, exitFailed},
	} {
		said, err := plumb(true, strings.Fields(test.args)...)
		code := 0
		if ended, ok := err.(*exec.ExitError); ok {
			code = ended.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if code != test.code {
			t.Errorf("plumb %s: exit %d, want %d\n%s", test.args, code, test.code, said)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(said, want) {
				t.Errorf("plumb %s does not say %q:\n%s", test.args, want, said)
			}
		}
	}
}
