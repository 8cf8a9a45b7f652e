package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/record"
)

// The test binary runs itself as other processes: with this variable set it
// plays a role instead of running tests.
const roleVariable = "PLUMB_STORE_TEST_ROLE"

func TestMain(m *testing.M) {
	var err error
	switch dir := os.Getenv("PLUMB_STORE_TEST_DIR"); os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "count":
		err = playCount(dir)
	case "write":
		err = playWrite(dir)
	case "hold":
		err = playHold(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func start(t *testing.T, role, dir string) (process *exec.Cmd, output *bufio.Reader) {
	t.Helper()
	process = exec.Command(os.Args[0])
	process.Env = append(os.Environ(), roleVariable+"="+role, "PLUMB_STORE_TEST_DIR="+dir)
	process.Stderr = os.Stderr
	pipe, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Kill()
		process.Wait()
	})
	return process, bufio.NewReader(pipe)
}

const rounds = 20

// playCount raises a number in a scratch file, which only works out if nobody
// else does at the same time, and puts the same blobs and record as everybody.
func playCount(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	for i := range rounds {
		unlock, err := s.Lock(context.Background(), "counter")
		if err != nil {
			return err
		}
		scratch, err := s.Scratch("counter")
		if err != nil {
			return err
		}
		path := filepath.Join(scratch, "n")
		b, _ := os.ReadFile(path)
		n, _ := strconv.Atoi(string(b))
		time.Sleep(time.Millisecond)
		if err := os.WriteFile(path, []byte(strconv.Itoa(n+1)), 0o644); err != nil {
			return err
		}
		unlock()
		unlock()
		if err := putNumbered(s, i); err != nil {
			return err
		}
	}
	return s.Close()
}

func putNumbered(s *Store, i int) error {
	key := fmt.Sprintf("round%d", i)
	w, err := s.Work(key)
	if err != nil {
		return err
	}
	defer w.Discard()
	content := strings.Repeat(key, 10_000)
	if err := os.WriteFile(w.File("file"), []byte(content), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.Dir("dir"), "file"), []byte(content+"!"), 0o644); err != nil {
		return err
	}
	file, err := w.PutFile("file")
	if err != nil {
		return err
	}
	dir, err := w.PutDir("dir")
	if err != nil {
		return err
	}
	if _, err := s.Directory(dir); err != nil {
		return err
	}
	return s.PutRecord(&record.Record{Key: key, Node: "node", Outputs: map[string]record.Output{"file": file, "dir": dir}})
}

func TestProcessesAtOnce(t *testing.T) {
	dir := t.TempDir()
	const processes = 3
	var running []*exec.Cmd
	for range processes {
		p, _ := start(t, "count", dir)
		running = append(running, p)
	}
	for _, p := range running {
		if err := p.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	s := openStore(t, dir)
	b, err := os.ReadFile(s.path(scratchDir, "counter", "n"))
	if err != nil || string(b) != strconv.Itoa(processes*rounds) {
		t.Errorf("counted %s, %v; want %d", b, err, processes*rounds)
	}
	for i := range rounds {
		if r, err := s.Record(fmt.Sprintf("round%d", i)); r == nil || err != nil {
			t.Errorf("round %d: %v, %v", i, r, err)
		}
	}
	if problems, err := s.Verify(t.Context(), nil); len(problems) > 0 || err != nil {
		t.Errorf("afterwards: %v, %v", problems, err)
	}
	if locks, _ := os.ReadDir(s.path(keyLocksDir)); len(locks) > 0 {
		t.Errorf("locks are left: %v", locks)
	}
}

// playWrite puts blobs and records until it is killed.
func playWrite(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := putNumbered(s, i); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	for try := range 8 {
		p, output := start(t, "write", dir)
		if _, err := output.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(3*try) * time.Millisecond)
		p.Process.Kill()
		p.Wait()

		s, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if entries, _ := os.ReadDir(s.path(workDir)); len(entries) != 2 {
			t.Errorf("work of the dead is left: %v", entries)
		}
		if problems, err := s.Verify(t.Context(), nil); len(problems) > 0 || err != nil {
			t.Errorf("after kill %d: %v, %v", try, problems, err)
		}
		if r, err := s.Record("round0"); r == nil || err != nil {
			t.Errorf("a finished stage: %v, %v", r, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// playHold holds a key's lock until it is killed.
func playHold(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	if _, err := s.Lock(context.Background(), "held"); err != nil {
		return err
	}
	fmt.Println("held")
	time.Sleep(time.Hour)
	return nil
}

func TestLockOfAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	p, output := start(t, "hold", dir)
	if _, err := output.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 3*lockPoll)
	defer cancel()
	if _, err := s.Lock(ctx, "held"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a lock that another holds: %v", err)
	}
	if unlock, err := s.Lock(t.Context(), "free"); err != nil {
		t.Errorf("another key's lock: %v", err)
	} else {
		unlock()
	}
	var busy *Busy
	if _, err := s.Collect(CollectOptions{}); !errors.As(err, &busy) {
		t.Errorf("Collect beside a living process: %v", err)
	}

	locked := make(chan error)
	go func() {
		unlock, err := s.Lock(t.Context(), "held")
		if err == nil {
			unlock()
		}
		locked <- err
	}()
	p.Process.Kill()
	p.Wait()
	select {
	case err := <-locked:
		if err != nil {
			t.Errorf("the lock of a dead process: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the lock outlives its process")
	}
}
