package database

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/plumb-ml/plumb/core/faulttest/syscalls"
)

// writerVariable names the database to which the test binary, started again, writes
// until it is killed; nameVariable is what its judgements' names begin with.
const (
	writerVariable = "PLUMB_DATABASE_WRITER"
	nameVariable   = "PLUMB_DATABASE_NAME"
	limitVariable  = "PLUMB_DATABASE_LIMIT"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(writerVariable); path != "" {
		if err := writeOn(path, os.Getenv(nameVariable), os.Getenv(limitVariable) != ""); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeOn lets some raters answer, each after the other, and prints what was
// acknowledged. With a limit it ends after a while, and prints what was refused as the
// disk was full; another error is its own.
func writeOn(path, name string, limited bool) error {
	ctx := context.Background()
	d, err := Open(path)
	if err != nil {
		if limited && ofDisk(err) {
			fmt.Println("full: open")
			return nil
		}
		return err
	}
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for r := range errs {
		wait.Go(func() {
			for i := 0; !limited || i < 10; i++ {
				j := judgement(fmt.Sprint(name, "-", r, "-", i), fmt.Sprint(r), fmt.Sprint(name, i))
				switch err := d.Add(ctx, j); {
				case err == nil:
					os.Stdout.WriteString("stored: " + j.ID + "\n") // at once
				case limited && ofDisk(err):
					os.Stdout.WriteString("full: " + j.ID + "\n")
				default:
					errs[r] = err
					return
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(append(errs, d.Close())...)
}

// ofDisk reports whether an error says that the disk may be full: of a file that it
// cannot open or cut SQLite does not say why.
func ofDisk(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || strings.HasSuffix(err.Error(), "is there room on the disk?")
}

// acknowledged are the names in what a writer printed, in whole lines.
func acknowledged(output string) (stored, refused []string) {
	for line := range strings.Lines(output) {
		if id, ok := strings.CutPrefix(line, "stored: "); ok && strings.HasSuffix(line, "\n") {
			stored = append(stored, strings.TrimSpace(id))
		}
		if id, ok := strings.CutPrefix(line, "full: "); ok && strings.HasSuffix(line, "\n") {
			refused = append(refused, strings.TrimSpace(id))
		}
	}
	return stored, refused
}

// TestKill: whenever a process is killed, what it had acknowledged is there.
func TestKill(t *testing.T) {
	path := place(t)
	chance := rand.New(rand.NewPCG(1, 2))
	var all []string
	for round := range 8 {
		writer := exec.Command(os.Args[0])
		writer.Env = append(os.Environ(), writerVariable+"="+path, nameVariable+"="+fmt.Sprint(round))
		pipe, err := writer.StdoutPipe()
		must(t, err)
		must(t, writer.Start())
		lines, output := bufio.NewReader(pipe), ""
		for left := chance.IntN(300); ; left-- {
			if left == 0 {
				must(t, writer.Process.Kill())
			}
			line, err := lines.ReadString('\n')
			output += line
			if err != nil {
				break
			}
		}
		writer.Wait()
		if strings.Contains(output, "failed") {
			t.Fatal(output)
		}
		stored, _ := acknowledged(output)
		all = append(all, stored...)
		d, err := Open(path)
		must(t, err)
		there := map[string]int{}
		for _, j := range standingOf(t, d) {
			there[j.ID]++
		}
		must(t, d.Close())
		for _, id := range all {
			if there[id] != 1 {
				t.Errorf("round %d: %s was acknowledged, and is there %d times", round, id, there[id])
			}
		}
	}
	if len(all) < 100 {
		t.Errorf("only %d judgements were acknowledged", len(all))
	}
}

// TestFullDisk: where a disk is full an answer is refused, whichever call fails,
// once or from then on; what was acknowledged is there, what was refused is not, and the
// database goes on when there is room.
func TestFullDisk(t *testing.T) {
	run := func(dir string, fail func(syscalls.Call) int) (stored, refused []string, calls int) {
		t.Helper()
		said := filepath.Join(dir, "said")
		must(t, os.MkdirAll(filepath.Join(dir, "disk"), 0o755))
		code, err := syscalls.Trace(syscalls.Options{
			Command: []string{os.Args[0]}, Env: append(os.Environ(), writerVariable+"="+filepath.Join(dir, "disk", "d", "judgements.sqlite"), limitVariable+"=1"),
			Watch: filepath.Join(dir, "disk"), Stdout: said, Op: func(syscalls.Op) {},
			Fail: func(c syscalls.Call) int { calls = c.N; return fail(c) },
		})
		if errors.Is(err, syscalls.ErrUnsupported) {
			t.Skip(err)
		}
		text, _ := os.ReadFile(said)
		if err != nil || code != 0 {
			t.Fatalf("it ends with %d, %v: %s", code, err, text)
		}
		stored, refused = acknowledged(string(text))
		return stored, refused, calls
	}
	newDir := func() string {
		dir, err := filepath.EvalSymlinks(t.TempDir())
		must(t, err)
		return dir
	}
	stored, _, calls := run(newDir(), func(syscalls.Call) int { return 0 })
	if len(stored) != 80 {
		t.Fatalf("%d judgements are stored where there is room", len(stored))
	}
	chance := rand.New(rand.NewPCG(3, 4))
	full := 0
	for round := range 12 {
		at, once := 1+chance.IntN(calls), round%2 == 0
		dir := newDir()
		stored, refused, _ := run(dir, func(c syscalls.Call) int {
			if c.N == at || c.N > at && !once {
				return int(syscall.ENOSPC)
			}
			return 0
		})
		full += len(refused)
		d, err := Open(filepath.Join(dir, "disk", "d", "judgements.sqlite"))
		if err != nil {
			t.Fatalf("call %d failed: afterwards %v", at, err)
		}
		there := map[string]bool{}
		for _, j := range standingOf(t, d) {
			there[j.ID] = true
		}
		for _, id := range stored {
			if !there[id] {
				t.Errorf("call %d failed: %s was acknowledged, and is lost", at, id)
			}
		}
		for _, id := range refused {
			if there[id] {
				t.Errorf("call %d failed: %s was refused, and is there", at, id)
			}
		}
		must(t, d.Add(t.Context(), judgement("after", "ana", "after")))
		must(t, d.Close())
	}
	if full == 0 {
		t.Error("no answer was refused")
	}
}
