package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// anyRecord draws records with every field set in some of them.
var anyRecord = rapid.Custom(func(t *rapid.T) *Record {
	text := rapid.String()
	number := rapid.Float64().Filter(func(x float64) bool { return !math.IsInf(x, 0) })
	r := &Record{
		Stage:     rapid.Make[Stage]().Draw(t, "stage"),
		Node:      text.Draw(t, "node"),
		KeyParts:  rapid.SliceOf(rapid.Make[KeyPart]()).Draw(t, "parts"),
		Outputs:   rapid.MapOf(text, rapid.Make[Output]()).Draw(t, "outputs"),
		Warnings:  rapid.SliceOf(text).Draw(t, "warnings"),
		Started:   time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanoseconds")),
		Seconds:   number.Draw(t, "took"),
		Items:     rapid.Int().Draw(t, "items"),
		Facts:     rapid.MapOf(text, number).Draw(t, "facts"),
		Machine:   rapid.Make[Machine]().Draw(t, "machine"),
		Versions:  rapid.MapOf(text, text).Draw(t, "versions"),
		Component: text.Draw(t, "component"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "metrics") {
		m := Metric{Name: text.Draw(t, "name"), Note: text.Draw(t, "note"), Protocol: rapid.MapOf(text, text).Draw(t, "protocol")}
		if rapid.Bool().Draw(t, "has value") {
			value := number.Draw(t, "value")
			m.Value = &value
		}
		r.Metrics = append(r.Metrics, m)
	}
	r.Key = KeyOf(r.KeyParts)
	return r
})

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecord.Draw(t, "record")
		b, err := Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(b) {
			t.Fatal("the bytes are not JSON")
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("record (-put +got):\n%s", diff)
		}
		again, err := Encode(got)
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("the same record has other bytes, %v:\n%s\n%s", err, b, again)
		}
	})
}

func TestEveryByteCounts(t *testing.T) {
	value := 0.5
	b, err := Encode(&Record{Key: "k", Node: "measure/main", Started: time.Unix(1, 0), Metrics: []Metric{{Name: "fid", Value: &value}}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		if _, err := Decode(b[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut to %d of %d bytes: %v", i, len(b), err)
		}
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			altered := bytes.Clone(b)
			altered[i] ^= flip
			if _, err := Decode(altered); err == nil {
				t.Fatalf("byte %d of %q altered to %q: no error", i, b[max(0, i-10):i+1], altered[i])
			}
		}
	}
	if _, err := Decode(append(bytes.Clone(b), ' ')); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestNewerFields(t *testing.T) {
	b, err := seal("record", recordVersion, map[string]any{"node": "tune/full", "of_tomorrow": 1})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Decode(b)
	if err != nil || r.Node != "tune/full" {
		t.Errorf("Decode = %v, %v", r, err)
	}
}

func TestNewerVersion(t *testing.T) {
	b, err := seal("record", recordVersion+1, map[string]any{"node": 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Decode(b)
	var version *VersionError
	if !errors.As(err, &version) || errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "newer Plumb") {
		t.Errorf("a newer version: %v", err)
	}
	run, err := seal("run", runVersion, Run{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(run); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a run as a record: %v", err)
	}
}

func TestEncodeRefusesNaN(t *testing.T) {
	nan := math.NaN()
	if _, err := Encode(&Record{Node: "measure/main", Metrics: []Metric{{Value: &nan}}}); err == nil || !strings.Contains(err.Error(), "measure/main") {
		t.Errorf("a metric of NaN: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	b, err := Encode(&Record{Key: "k", Node: "n", Started: time.Unix(1, 0)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"plumb record 1","sha256":"","body":{}}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Decode(b)
		if (r == nil) != (err != nil) {
			t.Errorf("Decode = %v, %v", r, err)
		}
	})
}
