package events

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "metrics.jsonl")
	for try := range 2 {
		l := OpenLog(path, func(err error) { t.Error(err) })
		for i := range 3 {
			l.Add([]byte(fmt.Sprint(try, i)))
		}
		if lost := l.Close(); lost != 0 {
			t.Errorf("%d lines are lost", lost)
		}
		l.Add([]byte("late"))
		if lost := l.Close(); lost != 1 {
			t.Errorf("%d lines are lost", lost)
		}
	}
	if got := content(t, path); got != "0 0\n0 1\n0 2\n1 0\n1 1\n1 2\n" {
		t.Errorf("%q", got)
	}
}

// TestLogAfterAKill: what a killed process left of a line is a line of its own.
func TestLogAfterAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	if err := os.WriteFile(path, []byte("whole\n{\"time\":"), 0o644); err != nil {
		t.Fatal(err)
	}
	l := OpenLog(path, func(err error) { t.Error(err) })
	l.Add([]byte("next"))
	l.Close()
	if got := content(t, path); got != "whole\n{\"time\":\nnext\n" {
		t.Errorf("%q", got)
	}
}

// TestLogOfSeveral: lines of several processes do not mix.
func TestLogOfSeveral(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	var group sync.WaitGroup
	for who := range 4 {
		group.Go(func() {
			l := OpenLog(path, func(err error) { t.Error(err) })
			for range 500 {
				l.Add([]byte(strings.Repeat(fmt.Sprint(who), 100)))
				time.Sleep(time.Duration(who) * 100 * time.Microsecond)
			}
			l.Close()
		})
	}
	group.Wait()
	lines := strings.Split(strings.TrimSuffix(content(t, path), "\n"), "\n")
	for _, line := range lines {
		if len(line) != 100 || strings.Trim(line, line[:1]) != "" {
			t.Fatalf("%q", line)
		}
	}
	if len(lines) != 2000 {
		t.Errorf("%d lines", len(lines))
	}
}

// TestLogOnAFullDisk: nobody waits, the trouble is told once, and how much is lost is
// known.
func TestLogOnAFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /dev/full")
	}
	var told []error
	l := OpenLog("/dev/full", func(err error) { told = append(told, err) })
	began := time.Now()
	line := []byte(strings.Repeat("x", 1<<10))
	const lines = mostPending/(1<<10) + 1000
	for range lines {
		l.Add(line)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("adding lines took %v", took)
	}
	if lost := l.Close(); lost != lines {
		t.Errorf("%d of %d lines are lost", lost, lines)
	}
	if len(told) != 1 || !errors.Is(told[0], syscall.ENOSPC) {
		t.Errorf("told %v", told)
	}
}

// TestLogRecovers: what could not be written is written when it can be.
func TestLogRecovers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs")
	if err := os.WriteFile(dir, nil, 0o644); err != nil { // in the way of the directory
		t.Fatal(err)
	}
	troubles := make(chan error, 9)
	l := OpenLog(filepath.Join(dir, "metrics.jsonl"), func(err error) { troubles <- err })
	l.Add([]byte("one"))
	<-troubles
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	l.Add([]byte("two"))
	if lost := l.Close(); lost != 0 {
		t.Errorf("%d lines are lost", lost)
	}
	if got := content(t, filepath.Join(dir, "metrics.jsonl")); got != "one\ntwo\n" {
		t.Errorf("%q", got)
	}
}

// TestLogThatHangs: a disk that does not answer costs the end of a run no more than
// moments.
func TestLogThatHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits")
	}
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Skip(err)
	}
	l := OpenLog(path, nil)
	big := []byte(strings.Repeat("x", 1<<20))
	began := time.Now()
	l.Add(big) // fills the pipe
	l.Add(big)
	l.Close()
	if took := time.Since(began); took > closePatience+2*time.Second {
		t.Errorf("the end took %v", took)
	}
}
