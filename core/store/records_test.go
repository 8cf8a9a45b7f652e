package store

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/record"
)

// newRecord returns a record of two outputs that are in the store.
func newRecord(t testing.TB, s *Store, node, config string) *record.Record {
	t.Helper()
	parts := []record.KeyPart{{Name: "node", Value: node}, {Name: "config", Value: config}}
	return &record.Record{
		Key: record.KeyOf(parts), Stage: record.Stage{Kind: record.KindTune}, Node: node, KeyParts: parts,
		Outputs: map[string]record.Output{
			"curve":      putFile(t, s, "curve of "+config),
			"checkpoint": putDir(t, s, map[string]string{"config.json": config, "model": "weights"}),
		},
		Started: time.Unix(1700000000, 0).UTC(),
	}
}

func TestRecord(t *testing.T) {
	s := openStore(t, t.TempDir())
	r := newRecord(t, s, "tune/full", "a")
	if got, err := s.Record(r.Key); got != nil || err != nil {
		t.Fatalf("a record before it is put: %v, %v", got, err)
	}
	for range 2 { // the second time does nothing
		if err := s.PutRecord(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []*Store{s, openStore(t, s.Dir())} {
		got, err := s.Record(r.Key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got); diff != "" {
			t.Errorf("record (-put +got):\n%s", diff)
		}
	}

	other := *r
	other.Outputs = map[string]record.Output{"curve": putFile(t, s, "another")}
	var exists *Exists
	if err := s.PutRecord(&other); !errors.As(err, &exists) {
		t.Errorf("another record of the same key: %v", err)
	}
	if got, err := s.Record(r.Key); err != nil || len(got.Outputs) != 2 {
		t.Errorf("a record was replaced: %v, %v", got, err)
	}
	if err := s.DropRecord(r.Key); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRecord(&other); err != nil {
		t.Errorf("after DropRecord: %v", err)
	}
}

func TestPutRecordNeedsItsOutputs(t *testing.T) {
	s := openStore(t, t.TempDir())
	r := newRecord(t, s, "tune/full", "a")
	if err := os.Remove(s.blobPath(r.Outputs["curve"].Digest)); err != nil {
		t.Fatal(err)
	}
	wantCorrupt(t, s.PutRecord(r), "is missing", false)
	if got, err := s.Record(r.Key); got != nil || err != nil {
		t.Errorf("a record without its outputs was put: %v, %v", got, err)
	}
}

func TestDamagedRecords(t *testing.T) {
	for name, damage := range map[string]func(s *Store, r *record.Record){
		"cut":     func(s *Store, r *record.Record) { overwrite(t, s.recordPath(r.Key), []byte("{")) },
		"altered": func(s *Store, r *record.Record) { alter(t, s.recordPath(r.Key)) },
		"empty":   func(s *Store, r *record.Record) { overwrite(t, s.recordPath(r.Key), nil) },
		"another's": func(s *Store, r *record.Record) {
			other := newRecord(t, s, "tune/other", "b")
			if err := s.PutRecord(other); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(s.recordPath(other.Key))
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, s.recordPath(r.Key), b)
		},
		"output deleted": func(s *Store, r *record.Record) { os.Remove(s.blobPath(r.Outputs["curve"].Digest)) },
		"output cut":     func(s *Store, r *record.Record) { overwrite(t, s.blobPath(r.Outputs["curve"].Digest), []byte("c")) },
		"listing deleted": func(s *Store, r *record.Record) {
			os.Remove(s.blobPath(r.Outputs["checkpoint"].Digest))
		},
		"file of a directory deleted": func(s *Store, r *record.Record) {
			w := putFile(t, s, "weights")
			os.Remove(s.blobPath(w.Digest))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			r := newRecord(t, s, "tune/full", "a")
			if err := s.PutRecord(r); err != nil {
				t.Fatal(err)
			}
			damage(s, r)
			got, err := s.Record(r.Key)
			if got != nil {
				t.Errorf("a damaged record: %v", got)
			}
			wantCorrupt(t, err, r.Key, true)
			if got, err := s.Record(r.Key); got != nil || err != nil {
				t.Errorf("the second look: %v, %v; want a plain miss", got, err)
			}
			if err := s.PutRecord(newRecord(t, s, "tune/full", "a")); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Record(r.Key); got == nil || err != nil {
				t.Errorf("made again: %v, %v", got, err)
			}
		})
	}
}

func TestRecordOfNewerPlumb(t *testing.T) {
	s := openStore(t, t.TempDir())
	r := newRecord(t, s, "tune/full", "a")
	if err := s.PutRecord(r); err != nil {
		t.Fatal(err)
	}
	path := s.recordPath(r.Key)
	// Its checksum is right: else it would be taken for damaged. printf 'plumb record 99\n{}' | sha256sum
	newer := "{\n  \"format\": \"plumb record 99\",\n  \"sha256\": \"19f39d05a1637c4f511ebd47a68ee7de4ee138e06a65d0d1c9d177fd65cdae26\",\n  \"body\": {}\n}\n"
	overwrite(t, path, []byte(newer))
	var version *record.VersionError
	if _, err := s.Record(r.Key); !errors.As(err, &version) {
		t.Errorf("a newer record: %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("a newer record was moved away: %v", err)
	}
	if _, err := s.Collect(CollectOptions{Young: time.Hour}); !errors.As(err, &version) {
		t.Errorf("Collect beside a newer record: %v", err)
	}
	if blobs, _, _ := s.Usage(); blobs == 0 {
		t.Error("Collect removed blobs that a newer record may need")
	}
	if problems, err := s.Verify(t.Context(), nil); err != nil || len(problems) != 1 || !strings.Contains(problems[0].Detail, "use a newer Plumb") {
		t.Errorf("Verify beside a newer record: %v, %v", problems, err)
	}
	// A bit in the version of a record of this Plumb is damage.
	overwrite(t, path, []byte(strings.Replace(newer, "record 99", "record 98", 1)))
	_, err := s.Record(r.Key)
	wantCorrupt(t, err, r.Key, true)
}

func TestLastRecord(t *testing.T) {
	s := openStore(t, t.TempDir())
	if r, err := s.LastRecord("tune/full"); r != nil || err != nil {
		t.Errorf("before the first: %v, %v", r, err)
	}
	for _, config := range []string{"a", "b"} {
		if err := s.PutRecord(newRecord(t, s, "tune/full", config)); err != nil {
			t.Fatal(err)
		}
		if err := s.PutRecord(newRecord(t, s, "tune/other", "of other "+config)); err != nil {
			t.Fatal(err)
		}
		r, err := s.LastRecord("tune/full")
		if err != nil || r == nil || r.KeyParts[1].Value != config {
			t.Errorf("after %s: %v, %v", config, r, err)
		}
	}
	r, _ := s.LastRecord("tune/full")
	os.Remove(s.blobPath(r.Outputs["curve"].Digest))
	if again, err := s.LastRecord("tune/full"); again == nil || err != nil {
		t.Errorf("without its outputs: %v, %v", again, err)
	}
	overwrite(t, s.nodePath("tune/full"), []byte("../../x"))
	if r, err := s.LastRecord("tune/full"); r != nil || err != nil {
		t.Errorf("a damaged hint: %v, %v", r, err)
	}
}
