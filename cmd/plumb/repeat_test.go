package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// outputsOf reads what the stages of a run made: digests by stage and role.
func outputsOf(runs, name string) (map[string]map[string]record.Output, error) {
	s, err := store.Read(filepath.Join(runs, "store"))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	listed, err := (&program{err: io.Discard}).findRun(s, name)
	if err != nil {
		return nil, err
	}
	made := listed.Run
	all := map[string]map[string]record.Output{}
	for _, stage := range made.Variants[0].Stages {
		found, err := s.Record(stage.Key)
		if err != nil {
			return nil, err
		}
		all[stage.Node] = found.Outputs
	}
	return all, nil
}

// TestRepeats: on XLA, a run with programs that were kept comes to the same bits as
// one that compiled its own, as one on a single core, and as one that was killed four
// times and went on. The same on the go backend is in resume.txtar and run_twice.txtar.
func TestRepeats(t *testing.T) {
	backendstest.Only(t, backends.XLACPU)
	file, err := filepath.Abs("testdata/repeat.hcl")
	if err != nil {
		t.Fatal(err)
	}
	root, kept := t.TempDir(), t.TempDir()
	command := func(runs, programs string, prefix ...string) (*exec.Cmd, *bytes.Buffer) {
		args := append(prefix, os.Args[0], "run", "-backend", backends.XLACPU, "-runs", filepath.Join(root, runs), file)
		c := exec.Command(args[0], args[1:]...)
		c.Env = append(os.Environ(), shipped+"=1", plumbTestVerb+"=1", backends.CacheVariable+"="+programs)
		c.Dir = root
		var said bytes.Buffer
		c.Stdout, c.Stderr = &said, &said
		return c, &said
	}
	run := func(runs, programs string, prefix ...string) map[string]map[string]record.Output {
		t.Helper()
		begin := time.Now()
		c, said := command(runs, programs, prefix...)
		if err := c.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", runs, err, said)
		}
		t.Logf("%s: %s", runs, time.Since(begin).Round(time.Second/10))
		outputs, err := outputsOf(filepath.Join(root, runs), "repeat")
		if err != nil {
			t.Fatal(err)
		}
		return outputs
	}
	same := func(what string, got map[string]map[string]record.Output, want map[string]map[string]record.Output) {
		t.Helper()
		if difference := cmp.Diff(want, got); difference != "" {
			t.Errorf("%s comes to other bits:\n%s", what, difference)
		}
	}
	first := run("first", kept)
	if len(first) < 10 {
		t.Fatalf("only %d stages", len(first))
	}
	same("a run with kept programs", run("again", kept), first)

	hit := 0
	for kill := range 4 {
		c, said := command("killed", kept)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(600+700*kill)*time.Millisecond, func() { c.Process.Kill() })
		if c.Wait() != nil {
			hit++
		} else {
			t.Logf("kill %d came too late\n%s", kill, said)
		}
	}
	if hit == 0 {
		t.Error("no run was killed")
	}
	same("a run that was killed", run("killed", kept), first)

	if taskset, err := exec.LookPath("taskset"); err == nil {
		same("a run on one core, which compiles its own programs,", run("narrow", t.TempDir(), taskset, "--cpu-list", firstCPU()), first)
	}
}

// firstCPU is a processor that this process may use.
func firstCPU() string {
	for n := range 1024 {
		if exec.Command("taskset", "--cpu-list", fmt.Sprint(n), "true").Run() == nil {
			return fmt.Sprint(n)
		}
	}
	return "0"
}
