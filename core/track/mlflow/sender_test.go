package mlflow

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/track"
	"github.com/plumb-ml/plumb/core/track/mlflow/mlflowtest"
)

// sendLive sends a run of some steps while it goes on, as one that takes a moment.
func sendLive(t *testing.T, f *mlflowtest.Server, dir string, steps int) (ended track.Ended, warnings []string) {
	t.Helper()
	tracker, state := opened(t, Config{URI: f.URL})
	run := sample()
	var mu sync.Mutex
	sender := track.Start(track.SenderOptions{
		Dir: dir, Tracker: tracker, State: state, Places: track.Places{"tune": {{Item: "variant w=0,seed=1", Stage: "tune/full"}}},
		Describe: func() (*track.Run, error) { return run, nil },
		Warn:     func(text string) { mu.Lock(); defer mu.Unlock(); warnings = append(warnings, text) },
	})
	sender.Receive([]events.Event{{Kind: events.RunBegun}})
	for step := 1; step <= steps; step++ {
		value := events.Number(1 / float64(step))
		sender.Receive([]events.Event{{Time: time.Now(), Kind: events.Value, Stage: "tune", Step: &step, Name: "loss", Value: &value}})
	}
	time.Sleep(3 * time.Second) // the sender has looked once or twice
	ended = sender.Finish(context.Background(), run)
	mu.Lock()
	defer mu.Unlock()
	return ended, warnings
}

// A server that is away for a while costs a warning and nothing else.
func TestSenderThroughTrouble(t *testing.T) {
	f := mlflowtest.New(t)
	var mu sync.Mutex
	left := 4
	f.Fail(func(*http.Request) (int, string, string) {
		mu.Lock()
		defer mu.Unlock()
		if left--; left >= 0 {
			return http.StatusBadGateway, "text/html", "<h1>Bad Gateway</h1>"
		}
		return 0, "", ""
	})
	dir := t.TempDir()
	ended, warnings := sendLive(t, f, dir, 50)
	if ended.Err != nil || ended.Unsent.Any() || ended.Link == "" {
		t.Errorf("it ended with %+v", ended)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "502 Bad Gateway: Bad Gateway. The run goes on, and it is tried again") {
		t.Errorf("warnings: %q", warnings)
	}
	if rows := f.Item("variant w=0,seed=1").Metrics["tune/full/loss"]; len(rows) != 50 {
		t.Errorf("%d points are there", len(rows))
	}
	before := snapshot(f)
	// The same run goes on in another process, with the queue that is there.
	if ended, warnings := sendLive(t, f, dir, 50); ended.Err != nil || warnings != nil {
		t.Errorf("once more: %+v, %q", ended, warnings)
	}
	if snapshot(f) != before {
		t.Error("once more, it is otherwise there")
	}
}

// A server that refuses is not asked again, and the end says what is left.
func TestSenderRefused(t *testing.T) {
	f := mlflowtest.New(t)
	f.Fail(func(*http.Request) (int, string, string) { return http.StatusUnauthorized, "text/html", "no" })
	ended, warnings := sendLive(t, f, t.TempDir(), 50)
	if !track.IsRefused(ended.Err) || ended.Unsent.Points != 50 || ended.Unsent.Runs != 3 || ended.Unsent.Files != 3 {
		t.Errorf("it ended with %+v", ended)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "The run goes on, and nothing more is sent") || f.Requests() != 1 {
		t.Errorf("%d requests, warnings %q", f.Requests(), warnings)
	}
}
