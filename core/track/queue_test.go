package track

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plumb-ml/plumb/core/events"
)

func value(stage, name string, step int, x float64, at time.Time) events.Event {
	number := events.Number(x)
	return events.Event{Time: at, Kind: events.Value, Stage: stage, Step: &step, Name: name, Value: &number}
}

// readAll reads what is in a queue.
func readAll(t *testing.T, dir string) []queued {
	t.Helper()
	reader := readQueue(dir)
	var all []queued
	for {
		points, more, err := reader.next()
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, points...); !more {
			return all
		}
	}
}

// What is put into the queue comes out with its time, of each step once: also where a
// kill cut a line, and a training began anew behind it.
func TestQueue(t *testing.T) {
	dir := t.TempDir()
	places := Places{
		"tune/full [w=1]": {{Item: VariantID("w=1"), Stage: "tune/full"}},
		"fit/reward":      {{Item: VariantID("w=1"), Stage: "fit/reward"}, {Item: VariantID("w=2"), Stage: "fit/reward"}},
	}
	at := time.UnixMilli(1_795_784_412_147)
	q := OpenQueue(dir, places, func(err error) { t.Error(err) })
	q.Add(value("tune/full [w=1]", "loss", 1, 0.5, at))
	q.Add(value("tune/full [w=1]", "loss", 2, math.NaN(), at.Add(time.Second)))
	q.Add(value("fit/reward", "loss", 1, 0.25, at))
	q.Add(value("of no tracker", "loss", 1, 1, at))
	q.Add(events.Event{Time: at, Kind: events.StageEnded, Stage: "tune/full [w=1]"})
	if lost := q.Close(); lost != 0 {
		t.Fatalf("%d lines lost", lost)
	}
	file, err := os.OpenFile(filepath.Join(dir, QueueFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	file.WriteString(`{"time":"2026-11-28T12:00:00Z","event":"value","ru`) // a kill
	file.Close()
	q = OpenQueue(dir, places, func(err error) { t.Error(err) })
	q.Add(value("tune/full [w=1]", "loss", 1, 0.5, at.Add(time.Hour))) // reported again
	q.Add(value("tune/full [w=1]", "loss", 3, math.Inf(1), at.Add(2*time.Hour)))
	q.Close()

	want := []queued{
		{"variant w=1", Point{"tune/full/loss", 1, at, 0.5}},
		{"variant w=1", Point{"tune/full/loss", 2, at.Add(time.Second), math.NaN()}},
		{"variant w=1", Point{"fit/reward/loss", 1, at, 0.25}},
		{"variant w=2", Point{"fit/reward/loss", 1, at, 0.25}},
		{"variant w=1", Point{"tune/full/loss", 3, at.Add(2 * time.Hour), math.Inf(1)}},
	}
	if diff := cmp.Diff(want, readAll(t, dir), cmp.AllowUnexported(queued{}), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("queue (-want +got):\n%s", diff)
	}
}

func TestStateIsOfOnePlace(t *testing.T) {
	dir := t.TempDir()
	state := State{Tracker: "mlflow", Address: "http://a:1", Points: 7, Files: map[string]string{"run/x": "1"}}
	if err := state.write(dir); err != nil {
		t.Fatal(err)
	}
	if got := ReadState(dir).At("mlflow", "http://a:1", ""); got.Points != 7 || got.Files["run/x"] != "1" {
		t.Errorf("the same place: %+v", got)
	}
	for _, other := range []State{ReadState(dir).At("mlflow", "http://b:1", ""), ReadState(dir).At("mlflow", "http://a:1", "other")} {
		if other.Points != 0 || len(other.Files) != 0 {
			t.Errorf("another place: %+v", other)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, StateFile), []byte(`{"points": 7`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := ReadState(dir); got.Points != 0 {
		t.Errorf("a state that is cut: %+v", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, StateFile))
	if err != nil || strings.Contains(string(text), "@") {
		t.Errorf("%s, %v", text, err)
	}
}
