package mlflow

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/track"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// withPictures adds to a run images that a variant's model drew, and a finished curve.
func withPictures(t *testing.T, run *track.Run) *track.Run {
	t.Helper()
	dir := t.TempDir()
	var rows []table.Image
	for p, prompt := range []string{"one red ring", "two blue moons, at night", "a ring/a moon", "100 % ümlaut"} {
		for i := range 3 {
			side := 16 + 300*(p%2)
			picture := imaging.Image{Width: side, Height: side, RGB: make([]byte, 3*side*side)}
			for j := range picture.RGB {
				picture.RGB[j] = byte(j * (p + 2*i + 1))
			}
			png, err := imaging.EncodeStored(picture)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, table.Image{ID: fmt.Sprint(p, "-", i), Image: table.File{Bytes: png}, Prompt: prompt, Category: "made up", Split: "seen", Index: int32(i)})
		}
	}
	path := filepath.Join(dir, "images.parquet")
	if err := table.WriteAll(path, rows); err != nil {
		t.Fatal(err)
	}
	records := map[string]*record.Record{}
	add := func(v *record.Variant, r record.Record) {
		r.Key = r.Node + v.Name
		r.Started, r.Seconds = began, 60
		records[r.Key] = &r
		v.Stages = append(v.Stages, record.StageRef{Node: r.Node, Key: r.Key, Status: record.Done, Stage: r.Stage})
	}
	made := &record.Run{Name: run.Name, ID: "01234567", State: record.RunDone, Started: began, Updated: began.Add(time.Hour)}
	for i, name := range []string{"w=0,seed=1", "w=1,seed=1"} {
		v := record.Variant{Name: name, Seed: 1, Values: map[string]any{"w": float64(i)}}
		good, fid := 0.25+0.5*float64(i), 12.5-5*float64(i)
		add(&v, record.Record{Node: "sample/main/full", Stage: record.Stage{Kind: record.KindSample, Evaluation: "main", Subject: "full"}, Outputs: map[string]record.Output{"images": {Digest: "images"}}})
		add(&v, record.Record{Node: "measure/main/alignment/full", Stage: record.Stage{Kind: record.KindMeasure, Evaluation: "main", Measure: "alignment", Subject: "full"},
			Metrics: []record.Metric{{Name: "good_share", Subject: "full", Value: &good}, {Name: "fid", Subject: "full", Value: &fid}}})
		made.Variants = append(made.Variants, v)
	}
	described := track.Describe(track.Source{Run: made, Records: records, Open: func(record.Output) (string, error) { return path, nil }}, track.Options{Prompts: 3})
	for i := range run.Items {
		run.Items[i].Pictures = described.Items[i].Pictures
	}
	return run
}

// small is a run of few requests, for servers that think long about each.
func small() *track.Run {
	run := sample()
	run.Items = run.Items[:2]
	return run
}

// TestRealServer: a server of MLflow's own has all that was sent, once.
func TestRealServer(t *testing.T) {
	server := startServer(t, t.TempDir(), serverOptions{})
	config := Config{URI: server.URL}
	run := withPictures(t, sample())
	read := again(t, config, t.TempDir(), run).Read
	// The report's 3 files; of each variant 9 images of 3 prompts, twice, and a table.
	if read.Runs != 3 || read.Files != 3+2*(2*9+1) || read.Values < 3000 {
		t.Errorf("read back %+v", read)
	}
	tracker, _ := opened(t, config)
	if err := tracker.locate(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	first := tracker.remotes["variant w=0,seed=1"]
	if first == nil || first.info.Status != "FINISHED" || !math.IsNaN(float64(first.metrics["not a number"].Value)) || first.params["learning_rate"] != "3e-4" {
		t.Errorf("the first variant: %+v", first)
	}
	again(t, config, t.TempDir(), run)
	history, err := tracker.history(context.Background(), first.id, "alignment")
	if err != nil || len(history) != 1 || len(history[0]) != 1 {
		t.Errorf("sent twice, alignment is there as %v, %v", history, err)
	}
}

// TestRealServerKilled: the server is killed, with all of its processes, while a run goes
// on. The run does not notice, the queue has all, and what is missing is sent later.
func TestRealServerKilled(t *testing.T) {
	server := startServer(t, t.TempDir(), serverOptions{})
	dir := t.TempDir()
	run := withPictures(t, sample())
	run.Items[2].Points = run.Items[2].Points[:50]
	tracker, state := opened(t, Config{URI: server.URL})
	var mu sync.Mutex
	var warnings []string
	sender := track.Start(track.SenderOptions{
		Dir: dir, Tracker: tracker, State: state, Places: track.Places{"tune": {{Item: "variant w=0,seed=1", Stage: "tune/full"}}},
		Describe: func() (*track.Run, error) { return run, nil },
		Warn:     func(text string) { mu.Lock(); defer mu.Unlock(); warnings = append(warnings, text) },
	})
	sender.Receive([]events.Event{{Kind: events.RunBegun}})
	const steps = 3000
	for step := 1; step <= steps; step++ {
		value := events.Number(1 / float64(step))
		began := time.Now()
		sender.Receive([]events.Event{{Time: time.Now(), Kind: events.Value, Stage: "tune", Step: &step, Name: "loss", Value: &value}})
		if took := time.Since(began); took > time.Second {
			t.Errorf("the run waited %v", took)
		}
		if step == steps/3 { // until some of it has come
			for began := time.Now(); tracker.Answers() < 8 && time.Since(began) < 2*time.Minute; time.Sleep(50 * time.Millisecond) {
			}
			server.kill()
		}
		time.Sleep(time.Millisecond)
	}
	ended := sender.Finish(context.Background(), run)
	if ended.Err == nil || ended.Unsent.Points < steps/3 || !strings.Contains(ended.Err.Error(), "does not answer") {
		t.Errorf("with the server gone, it ended with %+v", ended)
	}
	mu.Lock()
	if len(warnings) > 1 {
		t.Errorf("warned %d times: %q", len(warnings), warnings)
	}
	mu.Unlock()

	back := startServer(t, server.dir, serverOptions{port: server.options.port})
	read := again(t, Config{URI: back.URL}, dir, run).Read
	_, whileTuned := overSteps(run.Items[1].Points)
	if want := steps + len(whileTuned); read.Points != want {
		t.Errorf("read back %d points of %d", read.Points, want)
	}
	found, _ := opened(t, Config{URI: back.URL})
	if err := found.locate(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	history, err := found.history(context.Background(), found.remotes["variant w=0,seed=1"].id, "tune/full/loss")
	if err != nil || len(history) != steps {
		t.Errorf("%d steps are there, %v", len(history), err)
	}
	for step, values := range history {
		if len(values) != 1 {
			t.Fatalf("step %d is there %d times", step, len(values))
		}
	}
}

// TestRealServerWithPassword: the right one is taken, the wrong one is refused at once,
// and neither is told or written down.
func TestRealServerWithPassword(t *testing.T) {
	const password = "a-word-of-tests"
	server := startServer(t, t.TempDir(), serverOptions{password: password})
	run := small()
	for _, config := range []Config{{URI: server.URL}, {URI: server.URL, Username: "admin", Password: "wrong-" + password}, {URI: server.URL, Token: password}} {
		tracker, _ := opened(t, config)
		err := tracker.Send(context.Background(), run)
		if !track.IsRefused(err) || !strings.Contains(err.Error(), "wants another user or password") || strings.Contains(err.Error(), password) {
			t.Errorf("%+v: %v", config.Username, err)
		}
	}
	again(t, Config{URI: server.URL, Username: "admin", Password: password}, t.TempDir(), run)
	again(t, Config{URI: strings.Replace(server.URL, "://", "://admin:"+password+"@", 1)}, t.TempDir(), run)
}

// TestRealServerWithTLS: a certificate is checked, by another file where one is named.
func TestRealServerWithTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir)
	server := startServer(t, dir, serverOptions{cert: cert, key: key})
	run := small()
	tracker, _ := opened(t, Config{URI: server.URL})
	if err := tracker.Send(context.Background(), run); !track.IsRefused(err) || !strings.Contains(err.Error(), "is not trusted") {
		t.Errorf("an unknown certificate: %v", err)
	}
	again(t, Config{URI: server.URL, ServerCert: cert}, t.TempDir(), run)
	again(t, Config{URI: server.URL, InsecureTLS: true}, t.TempDir(), run)
}
