package faulttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/core/faulttest/syscalls"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// writerVariable names the directory in which the test binary, started again, does
// what writes to a disk: its calls are what a power cut comes between.
const writerVariable = "PLUMB_FAULTTEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerVariable); dir != "" {
		if err := write(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if plumb := os.Getenv(believerVariable); plumb != "" && len(os.Args) > 1 && os.Args[1] == runArgs()[0] {
		fmt.Println(believe(plumb))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// The keys of two stages, and what they made.
const (
	firstKey, secondKey = "1111111111", "2222222222"
	stateName           = "state.safetensors"
)

// steps are what write does, in this order. After each it leaves a mark.
var steps = []string{"open", "record", "state", "newer state", "run", "run again", "digests", "directory", "second record", "sealed directory", "judgement", "second judgement", "judgements closed"}

func mark(step string) string { return "done " + step }

// write opens a store and does to it what runs do.
func write(dir string) error {
	var s *store.Store
	var said *database.Database
	first := func() (*record.Record, error) { return put(s, firstKey, "tune/first", "a") }
	for _, step := range steps {
		var err error
		switch step {
		case "open":
			s, err = store.Open(filepath.Join(dir, "store"))
		case "record":
			_, err = first()
		case "state", "newer state":
			var scratch string
			if scratch, err = s.Scratch(secondKey); err == nil {
				path := filepath.Join(scratch, stateName)
				err = errors.Join(os.WriteFile(path, []byte(step), 0o644), sealed.Seal(path))
			}
		case "run", "run again":
			err = s.PutRun(&record.Run{Name: "cut", ID: "12345678", Description: step})
		case "digests":
			m := digest.NewMemory(store.DigestsFile(s.Dir()))
			if _, err = m.File(context.Background(), "/bin/sh"); err == nil { // a file that is old enough to be remembered
				err = m.Save()
			}
		case "directory":
			var r *record.Record
			if r, err = s.Record(firstKey); err == nil {
				_, err = s.Directory(r.Outputs["checkpoint"])
			}
		case "second record":
			if _, err = put(s, secondKey, "tune/second", "b"); err == nil {
				err = s.DropScratch(secondKey)
			}
		case "sealed directory":
			var scratch string
			if scratch, err = s.Scratch("3333333333"); err == nil {
				made := filepath.Join(scratch, "made")
				err = errors.Join(os.Mkdir(made, 0o755), os.WriteFile(filepath.Join(made, "latents"), []byte("latents"), 0o644), sealed.SealDirectory(made))
			}
		}
		switch step {
		case "judgement":
			if said, err = database.Open(judgementsIn(dir)); err == nil {
				err = said.Add(context.Background(), judgement(step))
			}
		case "second judgement":
			err = said.Add(context.Background(), judgement(step))
		case "judgements closed":
			err = said.Close()
		}
		if err == nil {
			err = os.Mkdir(filepath.Join(dir, mark(step)), 0o755)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
	}
	return s.Close()
}

func judgementsIn(dir string) string { return filepath.Join(dir, "cut.people", "judgements.sqlite") }

func judgement(step string) people.Judgement {
	return people.Judgement{ID: step, Question: "labels/people", Item: step, Images: []string{step}, Rater: "ana", Purpose: people.Asked,
		Answers: people.Answers{people.Alignment: people.Good}, Time: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)}
}

// put makes a record of a file and a directory.
func put(s *store.Store, key, node, content string) (*record.Record, error) {
	w, err := s.Work(key)
	if err != nil {
		return nil, err
	}
	defer w.Discard()
	dir := w.Dir("checkpoint")
	if err := errors.Join(
		os.WriteFile(w.File("curve"), []byte("curve "+content), 0o644),
		os.WriteFile(filepath.Join(dir, "config.json"), []byte("{}"), 0o644),
		os.WriteFile(filepath.Join(dir, "weights"), []byte(strings.Repeat(content, 5000)), 0o644),
	); err != nil {
		return nil, err
	}
	r := &record.Record{Key: key, Node: node, Outputs: map[string]record.Output{}}
	if r.Outputs["curve"], err = w.PutFile("curve"); err != nil {
		return nil, err
	}
	if r.Outputs["checkpoint"], err = w.PutDir("checkpoint"); err != nil {
		return nil, err
	}
	return r, s.PutRecord(r)
}

// survived looks at what a power cut has left after the steps that were done, and says
// what is wrong with it.
func survived(dir string, done map[string]bool) (wrong []string) {
	complain := func(format string, values ...any) { wrong = append(wrong, fmt.Sprintf(format, values...)) }
	at := filepath.Join(dir, "store")
	if _, err := os.Stat(at); err != nil && done["open"] {
		complain("the store is gone")
	}
	s, err := store.Open(at)
	if err != nil {
		return append(wrong, fmt.Sprintf("it does not open: %v", err))
	}
	defer s.Close()
	for _, text := range s.Repairs() {
		complain("it was mended: %s", text)
	}
	problems, err := s.Verify(context.Background(), nil)
	if err != nil {
		complain("verify: %v", err)
	}
	for _, p := range problems {
		complain("%s: %s", p.Name, p.Detail)
	}
	for key, step := range map[string]string{firstKey: "record", secondKey: "second record"} {
		r, err := s.Record(key)
		switch {
		case err != nil:
			complain("record %s: %v", key, err)
		case r == nil && done[step]:
			complain("record %s is lost", key)
		case r != nil:
			if _, err := s.File(r.Outputs["curve"]); err != nil {
				complain("curve of %s: %v", key, err)
			}
			if _, err := s.Directory(r.Outputs["checkpoint"]); err != nil {
				complain("checkpoint of %s: %v", key, err)
			}
		}
	}
	state := filepath.Join(at, "scratch", secondKey, stateName)
	name, err := sealed.Find(state)
	if err != nil {
		complain("state: %v", err)
	}
	content, _ := os.ReadFile(name)
	switch {
	case done["directory"]: // what follows removes it
	case done["newer state"] && string(content) != "newer state", done["state"] && name == "":
		complain("the state is %q", content)
	}
	run, err := s.Run("cut@12345678")
	switch {
	case err != nil:
		complain("run: %v", err)
	case run == nil && done["run"], run != nil && done["run again"] && run.Description != "run again":
		complain("the run is lost")
	}
	m := digest.NewMemory(store.DigestsFile(at))
	m.File(context.Background(), "/bin/sh")
	if m.Damaged() > 0 {
		complain("digests are damaged")
	}
	var said []people.Judgement
	d, err := database.Open(judgementsIn(dir))
	if err == nil {
		said, err = d.Judgements(context.Background())
		d.Close()
	}
	if err != nil {
		complain("judgements: %v", err)
	}
	for _, step := range []string{"judgement", "second judgement"} {
		if done[step] && !slices.ContainsFunc(said, func(j people.Judgement) bool { return j.ID == step }) {
			complain("the %s is lost", step)
		}
	}
	intact, err := sealed.FindDirectory(filepath.Join(at, "scratch", "3333333333", "made"))
	if err != nil || done["sealed directory"] && !intact {
		complain("the sealed directory: %v, %v", intact, err)
	}
	return wrong
}

// calls traces write.
func calls(t *testing.T) []syscalls.Op {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	watch := filepath.Join(dir, "disk")
	if err := os.Mkdir(watch, 0o755); err != nil {
		t.Fatal(err)
	}
	var ops []syscalls.Op
	said := filepath.Join(dir, "said")
	code, err := syscalls.Trace(syscalls.Options{
		Command: []string{os.Args[0]}, Env: append(os.Environ(), writerVariable+"="+watch), Watch: watch, Stdout: said,
		Op: func(op syscalls.Op) { ops = append(ops, op) },
	})
	if errors.Is(err, syscalls.ErrUnsupported) {
		t.Skip(err)
	}
	if text, _ := os.ReadFile(said); err != nil || code != 0 {
		t.Fatalf("it ends with %d, %v: %s", code, err, text)
	}
	return ops
}

// quick is a directory in memory, if there is one: what is to be looked at after a cut
// needs no disk.
func quick(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "plumb-cut-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// cuts cuts the power after each call but those that are left out, in each way, and
// returns what is wrong afterwards.
func cuts(t *testing.T, ops []syscalls.Op, every int, without func(syscalls.Op) bool) (wrong []string, tried int) {
	t.Helper()
	disk, done := NewDisk(), map[string]bool{}
	chance := rand.New(rand.NewPCG(1, 2))
	root := quick(t)
	for i, op := range ops {
		if without != nil && without(op) {
			continue
		}
		if err := disk.Apply(op); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		for _, step := range steps {
			done[step] = done[step] || op.Kind == syscalls.Mkdir && op.Path == mark(step)
		}
		if (i+1)%every != 0 && i+1 < len(ops) {
			continue
		}
		for _, loss := range Losses {
			dir := filepath.Join(root, fmt.Sprint(i, loss))
			if err := disk.WriteTo(dir, loss, chance); err != nil {
				t.Fatal(err)
			}
			for _, what := range survived(dir, done) {
				wrong = append(wrong, fmt.Sprintf("a cut after call %d, %s %s %s, and %s lost: %s", i, op.Kind, op.Path, op.Other, loss, what))
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			tried++
		}
	}
	return wrong, tried
}

// TestPowerCut: whatever call the power goes away after, and whatever the disk keeps
// of what was not synced, nothing that is there afterwards is damaged, and nothing is
// lost that a call had returned from. Without the syncs, and without those of one part
// of the store alone, that is not so: the test finds each of them missing.
func TestPowerCut(t *testing.T) {
	ops := calls(t)
	wrong, tried := cuts(t, ops, 1, nil)
	for i, what := range wrong {
		if i == 10 {
			t.Errorf("and %d more", len(wrong)-i)
			break
		}
		t.Error(what)
	}
	t.Logf("%d calls, %d cuts", len(ops), tried)
	for _, part := range []string{"store/blobs", "store/records", "store/runs", "store/scratch", "store/format", "store", "cut.people"} { // digests are hints: who misses them reads a file again
		within := func(path string) bool { return path == part || strings.HasPrefix(path, part+"/") }
		// A file is synced under the name that it has in work, before its last name.
		became := map[int]bool{}
		moved := map[string]bool{}
		for i := len(ops) - 1; i >= 0; i-- {
			op := ops[i]
			if (op.Kind == syscalls.Rename || op.Kind == syscalls.Link) && within(op.Other) {
				moved[op.Path] = true
			}
			if op.Kind == syscalls.Create && moved[op.Path] {
				delete(moved, op.Path)
			}
			became[i] = op.Kind == syscalls.Sync && (moved[op.Path] || within(op.Path))
		}
		if part != "store" { // which has no files of its own
			var left []syscalls.Op
			for i, op := range ops {
				if became[i] { // its content is known as before, and not synced
					op.Kind = syscalls.Content
				}
				left = append(left, op)
			}
			if wrong, _ := cuts(t, left, 7, nil); len(wrong) == 0 {
				t.Errorf("nobody misses the syncs of files in %s", part)
			}
		}
		without := func(op syscalls.Op) bool { return op.Kind == syscalls.SyncDir && within(op.Path) }
		if part == "store/format" {
			continue
		}
		if wrong, _ := cuts(t, ops, 7, without); len(wrong) == 0 {
			t.Errorf("nobody misses the syncs of directories in %s", part)
		}
	}
}
