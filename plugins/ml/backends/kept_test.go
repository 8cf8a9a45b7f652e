//go:build cgo && !windows

package backends

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/plumb-ml/plumb/plugins/ml/backends/pjrt"
)

const keptVariable = "PLUMB_TEST_KEPT" // the backend that the process of TestKept computes on

// TestKeptProcess is what TestKept has other processes do; by itself it does nothing.
func TestKeptProcess(t *testing.T) {
	name := os.Getenv(keptVariable)
	if name == "" {
		t.Skip("it is for TestKept")
	}
	backend, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	exec, err := NewExec(backend, func(x *Node) *Node { return Softmax(Mul(Sin(x), MulScalar(x, 3))) })
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	x := tensors.FromFlatDataAndDimensions([]float32{0.1, 0.7, -2, 5}, 1, 4)
	fmt.Printf("compiled %d: %x\n", pjrt.Watch().Done, tensors.MustCopyFlatData[float32](exec.MustExec1(x)))
	fmt.Printf("then %d\n", pjrt.Watch().Done)
}

// TestKept: a program is compiled by the first process and loaded by the others, with
// the same numbers; what cannot be loaded is compiled again, and said.
func TestKept(t *testing.T) {
	opened := false
	for _, name := range []string{XLACPU, XLACUDA} {
		if _, err := Open(name); err != nil {
			continue
		}
		opened = true
		root := t.TempDir()
		process := func(cache string) (compiled bool, numbers, said string) {
			t.Helper()
			command := exec.Command(os.Args[0], "-test.run=^TestKeptProcess$", "-test.v")
			command.Env = append(os.Environ(), keptVariable+"="+name, CacheVariable+"="+cache)
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			_, rest, _ := strings.Cut(string(out), "compiled 0: ")
			numbers, rest, _ = strings.Cut(rest, "\n")
			return !strings.Contains(rest, "then 0"), numbers, string(out)
		}
		compiled, first, said := process(root)
		if !compiled || first == "" {
			t.Fatalf("%s: the first process compiles nothing:\n%s", name, said)
		}
		if compiled, numbers, said := process(root); compiled || numbers != first {
			t.Errorf("%s: the second process compiles %v, and gets %s, want %s:\n%s", name, compiled, numbers, first, said)
		}
		kept, err := filepath.Glob(filepath.Join(root, "executables", "*", "*.xla"))
		if err != nil || len(kept) != 1 {
			t.Fatalf("%s: %v, %v", name, kept, err)
		}
		// Whole, but no executable: as what another version of XLA might write.
		sum := sha256.Sum256([]byte("nonsense"))
		if err := os.WriteFile(kept[0], []byte("plumb executable 1\n"+string(sum[:])+"nonsense"), 0o644); err != nil {
			t.Fatal(err)
		}
		if compiled, numbers, said := process(root); !compiled || numbers != first || !strings.Contains(said, "cannot be loaded") {
			t.Errorf("%s: of nonsense: compiled %v, %s, want %s:\n%s", name, compiled, numbers, first, said)
		}
		if compiled, numbers, said := process(root); compiled || numbers != first {
			t.Errorf("%s: after nonsense: compiled %v, %s, want %s:\n%s", name, compiled, numbers, first, said)
		}
		if compiled, numbers, _ := process(CacheOff); !compiled || numbers != first {
			t.Errorf("%s: with the cache off: compiled %v, %s, want %s", name, compiled, numbers, first)
		}
	}
	if !opened {
		t.Skip("there is no PJRT plugin")
	}
}

// TestPlannedCompiler: a process whose keys name another plugin than it finds does
// not compute.
func TestPlannedCompiler(t *testing.T) {
	opened := false
	for _, name := range []string{XLACPU, XLACUDA} {
		backend, err := Open(name)
		if err != nil {
			continue
		}
		opened = true
		for planned, opens := range map[string]bool{"": true, Compiler(backend): true, "PJRT 0.1, sha256 00": false} {
			command := exec.Command(os.Args[0], "-test.run=^TestKeptProcess$", "-test.v")
			command.Env = append(os.Environ(), keptVariable+"="+name, CacheVariable+"="+CacheOff, CompilerVariable+"="+planned)
			out, err := command.CombinedOutput()
			if (err == nil) != opens || !opens && !strings.Contains(string(out), "another one than was planned with") {
				t.Errorf("%s, planned with %q: %v\n%s", name, planned, err, out)
			}
		}
	}
	if !opened {
		t.Skip("there is no PJRT plugin")
	}
}
