package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// TestVerifyTellsWhoRead: a file of a directory that is damaged is told with who made
// the directory and who read it; a damaged sealed file of scratch is put aside, too.
func TestVerifyTellsWhoRead(t *testing.T) {
	s := openStore(t, t.TempDir())
	a, b := newRecord(t, s, "tune/a", "a"), newRecord(t, s, "tune/b", "b")
	b.KeyParts = append(b.KeyParts, record.KeyPart{Name: "input checkpoint", Value: a.Outputs["checkpoint"].Digest, Input: true})
	if err := errors.Join(s.PutRecord(a), s.PutRecord(b)); err != nil {
		t.Fatal(err)
	}
	l, err := s.listing(a.Outputs["checkpoint"])
	if err != nil {
		t.Fatal(err)
	}
	config := l.Files[slices.IndexFunc(l.Files, func(e entry) bool { return e.Path == "config.json" })].SHA256
	alter(t, s.blobPath(config))
	scratch, err := s.Scratch(a.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"good", "bad"} {
		path := filepath.Join(scratch, name)
		if err := errors.Join(os.WriteFile(path, []byte("state"), 0o644), sealed.Seal(path)); err != nil {
			t.Fatal(err)
		}
		if name == "bad" {
			at, err := sealed.Find(path)
			if err != nil {
				t.Fatal(err)
			}
			alter(t, at)
		}
	}
	problems, err := s.Verify(t.Context(), nil)
	if err != nil || len(problems) < 2 {
		t.Fatal(problems, err)
	}
	first := problems[0]
	if first.Name != "blob "+config || !slices.ContainsFunc(first.Made, func(s Stage) bool { return s.Node == "tune/a" }) || !slices.Equal(first.Read, []Stage{{"tune/b", b.Key}}) {
		t.Errorf("%+v", first)
	}
	if last := problems[len(problems)-1]; !strings.Contains(last.Name, "bad") || !strings.Contains(last.Detail, "moved to") {
		t.Errorf("%+v", last)
	}
	if left, _ := os.ReadDir(scratch); len(left) != 1 {
		t.Errorf("%v is left in scratch", left)
	}
}

func TestVerify(t *testing.T) {
	s := openStore(t, t.TempDir())
	a, b, c := newRecord(t, s, "tune/a", "a"), newRecord(t, s, "tune/b", "b"), newRecord(t, s, "tune/c", "c")
	b.KeyParts = append(b.KeyParts, record.KeyPart{Name: "input curve", Value: a.Outputs["curve"].Digest, Input: true})
	for _, r := range []error{s.PutRecord(a), s.PutRecord(b), s.PutRecord(c)} {
		if r != nil {
			t.Fatal(r)
		}
	}
	calls := 0
	problems, err := s.Verify(t.Context(), func(done, total int) {
		calls++
		if done != calls || total != 13 { // 3 curves, 3 listings, 3 configs, 1 weights, 3 records
			t.Errorf("progress %d of %d at call %d", done, total, calls)
		}
	})
	if err != nil || len(problems) != 0 || calls != 13 {
		t.Fatalf("a good store: %v, %v, %d calls", problems, err, calls)
	}

	alter(t, s.blobPath(a.Outputs["curve"].Digest))
	alter(t, s.recordPath(b.Key))
	if err := os.WriteFile(s.path(blobsDir, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	problems, err = s.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range problems {
		names = append(names, p.Name)
	}
	got := strings.Join(names, "\n")
	for _, want := range []string{"notes.txt", "blob " + a.Outputs["curve"].Digest, "record " + a.Key + " of tune/a", "record " + b.Key} {
		if !strings.Contains(got, want) {
			t.Errorf("no word of %s in\n%s", want, got)
		}
	}
	if len(problems) != 4 {
		t.Errorf("%d problems: %v", len(problems), problems)
	}
	for _, p := range problems {
		made, read := []Stage(nil), []Stage(nil)
		if p.Name == "blob "+a.Outputs["curve"].Digest {
			made, read = []Stage{{"tune/a", a.Key}}, nil // b, which read it, is damaged itself
		}
		if !slices.Equal(p.Made, made) || !slices.Equal(p.Read, read) {
			t.Errorf("%s was made by %v and read by %v", p.Name, p.Made, p.Read)
		}
	}
	if r, err := s.Record(c.Key); r == nil || err != nil {
		t.Errorf("a good record: %v, %v", r, err)
	}

	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Verify(stopped, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped Verify: %v", err)
	}
}
