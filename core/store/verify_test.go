package store

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	s := openStore(t, t.TempDir())
	a, b, c := newRecord(t, s, "tune/a", "a"), newRecord(t, s, "tune/b", "b"), newRecord(t, s, "tune/c", "c")
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
	if r, err := s.Record(c.Key); r == nil || err != nil {
		t.Errorf("a good record: %v, %v", r, err)
	}

	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Verify(stopped, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped Verify: %v", err)
	}
}
