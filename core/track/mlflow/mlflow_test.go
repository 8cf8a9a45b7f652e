package mlflow

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/track"
	"github.com/plumb-ml/plumb/core/track/mlflow/mlflowtest"
)

var began = time.UnixMilli(1_795_784_400_000).UTC()

// content is a file of a run.
func content(path, text string) track.File {
	return track.File{Path: path, Size: int64(len(text)), Version: fmt.Sprint(len(text), text), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}}
}

// sample is an ablation of two variants with all that a run may have, and what is hard
// to send.
func sample() *track.Run {
	item := func(id, name string, alignment float64) track.Item {
		return track.Item{
			ID: id, Name: name, State: record.RunDone, Started: began, Ended: began.Add(time.Hour),
			Params: map[string]string{"learning_rate": "3e-4", "seed": "1"},
			Tags:   map[string]string{"plumb.run": "study@01234567", "plumb.item": id, "plumb.state": "done"},
			Points: []track.Point{
				{Key: "alignment", Time: began.Add(time.Minute), Value: alignment}, {Key: "fid", Time: began.Add(time.Minute), Value: 12.5},
			},
		}
	}
	whole := item(track.Whole, "study", 0)
	whole.Points = nil
	whole.Tags["plumb.verdict"] = strings.Repeat("é", 9000) // longer than a tag may be
	whole.Files = []track.File{content("report/index.html", "<html>"), content("report/a b+~;&?[x]|#%é.svg", "<svg>"), content("report/empty", "")}
	first := item(track.VariantID("w=0,seed=1"), "w=0 seed=1", 0.25)
	first.Points = append(first.Points,
		track.Point{Key: "not a number", Time: began, Value: math.NaN()}, track.Point{Key: "infinite", Time: began, Value: math.Inf(-1)},
		track.Point{Key: "wild@name, 100 %/..//x", Time: began, Value: 1}, track.Point{Key: "wild_name_ 100 _/_/_/x", Time: began, Value: 2},
		track.Point{Key: strings.Repeat("k", 300), Time: began, Value: 3}, track.Point{Key: "µ/日本", Time: began, Value: 4})
	first.Points = append(first.Points, // measured while it was tuned
		track.Point{Key: "checkpoints/full/fid", Step: 0, Time: began, Value: 3}, track.Point{Key: "checkpoints/full/fid", Step: 200, Time: began, Value: 5},
		track.Point{Key: "checkpoints/full/fid", Step: 100, Time: began, Value: 4})
	first.Params["long"] = strings.Repeat("x", 10000)
	first.Params["a@b"] = "\x00null\xff"
	second := item(track.VariantID("w=1,seed=1"), "w=1 seed=1", 0.75)
	for i := range 2500 {
		second.Points = append(second.Points, track.Point{Key: fmt.Sprintf("many/%d", i), Time: began, Value: float64(i) / 3})
	}
	for i := range 250 {
		second.Params[fmt.Sprintf("p%d", i)] = fmt.Sprint(i)
		second.Tags[fmt.Sprintf("t%d", i)] = fmt.Sprint(i)
	}
	return &track.Run{Name: "study", FullName: "study@01234567", Description: "a study", Ablation: true, Items: []track.Item{whole, first, second}}
}

func opened(t *testing.T, config Config) (*Tracker, *track.State) {
	t.Helper()
	state := track.State{}.At(Name, config.Address(), config.Experiment)
	tracker, err := Open(config, &state)
	if err != nil {
		t.Fatal(err)
	}
	tracker.client.pause = 10 * time.Millisecond
	return tracker, &state
}

// again sends a run from nothing that is known, and wants all of it to be there.
func again(t *testing.T, config Config, dir string, run *track.Run) track.Comparison {
	t.Helper()
	tracker, state := opened(t, config)
	comparison, err := track.Again(context.Background(), dir, tracker, state, run)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range comparison.Wrong {
		t.Error(wrong)
	}
	return comparison
}

// TestSend: a strict server has all of a run after it was sent, and the same after it was
// sent again.
func TestSend(t *testing.T) {
	f := mlflowtest.New(t)
	config := Config{URI: f.URL}
	dir := t.TempDir()
	read := again(t, config, dir, sample()).Read
	if read.Runs != 3 || read.Files != 3 || read.Values < 3000 {
		t.Errorf("read back %+v", read)
	}
	if len(f.Runs) != 3 {
		t.Fatalf("%d runs are there", len(f.Runs))
	}
	whole, first, second := f.Item(track.Whole), f.Item("variant w=0,seed=1"), f.Item("variant w=1,seed=1")
	if whole.Info.Status != "FINISHED" || whole.Info.EndTime != began.Add(time.Hour).UnixMilli() {
		t.Errorf("%+v", whole.Info)
	}
	if first.Tags[tagParent] != whole.Info.RunID || second.Tags[tagParent] != whole.Info.RunID || whole.Tags[tagParent] != "" {
		t.Error("the variants are not below the ablation")
	}
	if n := utf8.RuneCountInString(whole.Tags["plumb.verdict"]); n > tagLetters || !strings.HasSuffix(whole.Tags["plumb.verdict"], "… (9000 characters)") {
		t.Errorf("a long tag has %d characters and ends %q", n, whole.Tags["plumb.verdict"][len(whole.Tags["plumb.verdict"])-20:])
	}
	if m := first.Metrics["not a number"]; len(m) != 1 || !math.IsNaN(float64(m[0].Value)) {
		t.Errorf("NaN is %v", m)
	}
	if len(first.Metrics["infinite"]) != 0 || first.Tags["plumb.infinite"] != "infinite = -Inf" {
		t.Errorf("an infinite number: %v, told as %q", first.Metrics["infinite"], first.Tags["plumb.infinite"])
	}
	if len(first.Metrics) != 2+1+4+1 || len(first.Metrics["checkpoints/full/fid"]) != 3 {
		t.Errorf("names: %q", keysOfMap(first.Metrics))
	}
	if len(second.Metrics) != 2502 || len(second.Params) != 252 || len(second.Metrics["many/2499"]) != 1 {
		t.Errorf("%d metrics and %d parameters", len(second.Metrics), len(second.Params))
	}
	before, calls := snapshot(f), len(f.Calls)
	again(t, config, dir, sample())
	if after := snapshot(f); after != before {
		t.Error("sent again, it is otherwise there")
	}
	for _, call := range f.Calls[calls:] {
		if strings.HasSuffix(call, "log-batch") || strings.HasSuffix(call, "create") || strings.HasPrefix(call, "PUT") && !strings.Contains(call, "empty") {
			// The state of what was sent is lost here, so that files go again.
			if !strings.HasPrefix(call, "PUT") {
				t.Errorf("sent again, it asked for %s", call)
			}
		}
	}
}

func keysOfMap[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// snapshot is all that a server has, as text.
func snapshot(f *mlflowtest.Server) string {
	var b bytes.Buffer
	for _, id := range f.Order {
		run := f.Runs[id]
		params, _ := json.Marshal(run.Params)
		tags, _ := json.Marshal(run.Tags)
		metrics, _ := json.Marshal(run.Metrics)
		fmt.Fprintf(&b, "%+v\n%s\n%s\n%s\n", run.Info, params, tags, metrics)
	}
	for _, path := range keysOfMap(f.Files) {
		fmt.Fprintf(&b, "%s %q\n", path, f.Files[path])
	}
	return b.String()
}

// What is sent while it goes on, and then once more, is there once: also after a crash
// between any two requests.
func TestKilledAnywhere(t *testing.T) {
	whole := func(config Config, dir string) { again(t, config, dir, sample()) }
	f := mlflowtest.New(t)
	whole(Config{URI: f.URL}, t.TempDir())
	want, requests := withoutIDs(f), f.Requests()
	for kill := 1; kill < requests; kill += max(1, requests/25) {
		f := mlflowtest.New(t)
		left := kill
		ctx, cancel := context.WithCancel(context.Background())
		f.Fail(func(*http.Request) (int, string, string) {
			if left--; left < 0 {
				cancel()
				return http.StatusServiceUnavailable, "text/plain", "killed"
			}
			return 0, "", ""
		})
		config := Config{URI: f.URL}
		tracker, state := opened(t, config)
		if _, err := track.Again(ctx, t.TempDir(), tracker, state, sample()); err == nil {
			t.Fatalf("killed at request %d of %d, it ended well", kill, requests)
		}
		f.Fail(nil)
		whole(config, t.TempDir())
		if got := withoutIDs(f); got != want {
			t.Fatalf("killed at request %d of %d, the server has something else in the end", kill, requests)
		}
		cancel()
	}
}

// withoutIDs is a snapshot in which runs have no IDs.
func withoutIDs(f *mlflowtest.Server) string {
	text := snapshot(f)
	for i, id := range f.Order {
		text = strings.ReplaceAll(text, id, fmt.Sprintf("RUN%d", i))
	}
	return text
}

// Points that come while a training goes on are there once, however often they are sent,
// and those that a server lacks of a finished curve are added without a second row of
// the others.
func TestAppend(t *testing.T) {
	f := mlflowtest.New(t)
	f.PageSize = 3
	tracker, _ := opened(t, Config{URI: f.URL})
	run := sample()
	ctx := context.Background()
	if err := tracker.Send(ctx, run); err != nil {
		t.Fatal(err)
	}
	item := run.Items[1].ID
	var points []track.Point
	for step := range 10 {
		points = append(points, track.Point{Key: "tune/full/loss", Step: int64(step), Time: began.Add(time.Duration(step) * time.Second), Value: 1 / float64(step+1)})
	}
	points[4].Value = math.NaN()
	for range 2 {
		if err := tracker.Append(ctx, item, points[:8]); err != nil {
			t.Fatal(err)
		}
	}
	if err := tracker.Append(ctx, item, []track.Point{{Key: "tune/full/loss", Step: 50, Time: began, Value: math.Inf(1)}}); err != nil {
		t.Fatal(err)
	}
	if notes := tracker.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "infinite at step 50") {
		t.Errorf("notes: %q", notes)
	}
	later := slices.Clone(points)
	for i := range later {
		later[i].Time = later[i].Time.Add(time.Hour) // as a record has them
	}
	r := tracker.remotes[item]
	missing, err := tracker.lacking(ctx, r, later)
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) != 2 || missing[0].Step != 8 || missing[1].Step != 9 {
		t.Errorf("lacking: %+v", missing)
	}
	if rows := f.Runs[r.id].Metrics["tune/full/loss"]; len(rows) != 8 {
		t.Errorf("%d rows", len(rows))
	}
}

// TestPoison: what a server does not store is noticed, although it answers 200.
func TestPoison(t *testing.T) {
	f := mlflowtest.New(t)
	run := sample()
	tracker, state := opened(t, Config{URI: f.URL})
	f.Fail(func(r *http.Request) (int, string, string) {
		if strings.HasSuffix(r.URL.Path, "log-batch") {
			return http.StatusOK, "application/json", "{}"
		}
		return 0, "", ""
	})
	comparison, err := track.Again(context.Background(), t.TempDir(), tracker, state, run)
	if err != nil {
		t.Fatal(err)
	}
	if len(comparison.Wrong) < 3000 || !slices.ContainsFunc(comparison.Wrong, func(text string) bool { return strings.Contains(text, "it lacks the number alignment") }) {
		t.Errorf("%d differences are told", len(comparison.Wrong))
	}
	// A file that is another there.
	f.Fail(nil)
	again(t, Config{URI: f.URL}, t.TempDir(), run)
	for path := range f.Files {
		if strings.HasSuffix(path, "index.html") {
			f.Files[path] = []byte("<html>x")
		}
	}
	comparison, err = tracker.Compare(context.Background(), run, nil)
	if err != nil || len(comparison.Wrong) != 1 || !strings.HasSuffix(comparison.Wrong[0], "the file report/index.html is another there") {
		t.Errorf("an altered file: %q, %v", comparison.Wrong, err)
	}
}

// Whatever a server, or something else at its address, answers is told in one sentence
// with a way out, and whether it is of use to try again.
func TestTrouble(t *testing.T) {
	answer := func(status int, contentType, body string) func(*http.Request) (int, string, string) {
		return func(*http.Request) (int, string, string) { return status, contentType, body }
	}
	page := "<!doctype html><html><head><title>Sign in</title><style>p{}</style><script>alert(1)</script></head><body><p>Please sign in</p></body></html>"
	for name, test := range map[string]struct {
		fail    func(*http.Request) (int, string, string)
		config  Config
		refused bool
		says    string
	}{
		"HTML":              {answer(200, "text/html", page), Config{}, true, "answers what is not MLflow's (Sign in Please sign in): it is no MLflow server, or its address lacks a part of the path"},
		"an empty answer":   {answer(200, "application/json", ""), Config{}, true, "it is no MLflow server"},
		"another JSON":      {answer(200, "application/json", `{"hello": 1}`), Config{}, true, "answers without an experiment_id"},
		"not found":         {answer(404, "text/html", "<h1>Not Found</h1>"), Config{}, true, "has no /api/2.0/mlflow/experiments/get-by-name (404 Not Found: Not Found)"},
		"no password":       {answer(401, "text/html", "You are not authenticated"), Config{}, true, "It got none: set MLFLOW_TRACKING_USERNAME"},
		"wrong password":    {answer(401, "text/plain", "You are not authenticated"), Config{Username: "ann", Password: "secret-word"}, true, "It got the user and password of MLFLOW_TRACKING_USERNAME"},
		"forbidden":         {answer(403, "text/html", "Permission denied"), Config{Token: "secret-word"}, true, "does not allow it (403 Forbidden: Permission denied). It got the token of MLFLOW_TRACKING_TOKEN"},
		"host":              {answer(403, "text/plain", "Invalid Host header - possible DNS rebinding attack detected"), Config{}, true, "start it with --allowed-hosts"},
		"a redirect":        {answer(302, "text/html", ""), Config{}, true, "sends requests on to"},
		"workspaces":        {answer(500, "application/json", `{"error_code":"FEATURE_DISABLED","message":"no workspaces"}`), Config{Workspace: "w"}, true, "unset MLFLOW_WORKSPACE"},
		"busy":              {answer(503, "text/html", "<h1>Busy</h1>"), Config{}, false, "503 Service Unavailable: Busy"},
		"too many requests": {answer(429, "text/plain", "slow down"), Config{}, false, "429 Too Many Requests: slow down"},
	} {
		t.Run(name, func(t *testing.T) {
			f := mlflowtest.New(t)
			f.Fail(test.fail)
			config := test.config
			config.URI = f.URL
			tracker, _ := opened(t, config)
			err := tracker.Send(context.Background(), sample())
			if err == nil || track.IsRefused(err) != test.refused || !strings.Contains(err.Error(), test.says) {
				t.Errorf("refused %v: %v\nwant %v: %s", track.IsRefused(err), err, test.refused, test.says)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %q", err, err, tracker.Notes()), "secret-word") {
				t.Error("the secret is told")
			}
			if want := map[bool]int{true: 1, false: tries}[test.refused]; f.Requests() != want {
				t.Errorf("%d requests, want %d", f.Requests(), want)
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		address := server.URL
		server.Close()
		tracker, _ := opened(t, Config{URI: strings.Replace(address, "http://", "http://ann:secret-word@", 1)})
		err := tracker.Send(context.Background(), sample())
		if err == nil || track.IsRefused(err) || !strings.HasPrefix(err.Error(), "find the experiment \"study\" on MLflow: "+address+" does not answer (") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	})
	t.Run("an unknown authority", func(t *testing.T) {
		server := httptest.NewTLSServer(http.NotFoundHandler())
		defer server.Close()
		tracker, _ := opened(t, Config{URI: server.URL})
		err := tracker.Send(context.Background(), sample())
		if !track.IsRefused(err) || !strings.Contains(err.Error(), "MLFLOW_TRACKING_SERVER_CERT_PATH") {
			t.Errorf("%v", err)
		}
	})
}

// What was deleted on the server stays deleted, and is told.
func TestDeleted(t *testing.T) {
	ctx := context.Background()
	f := mlflowtest.New(t)
	config := Config{URI: f.URL}
	again(t, config, t.TempDir(), sample())
	for _, run := range f.Runs {
		if run.Tags[tagItem] == "variant w=0,seed=1" {
			run.Info.Lifecycle = "deleted"
		}
	}
	tracker, _ := opened(t, config)
	if err := tracker.Send(ctx, sample()); err != nil {
		t.Errorf("with a variant deleted: %v", err)
	}
	if notes := tracker.Notes(); len(f.Runs) != 3 || len(notes) != 1 || !strings.Contains(notes[0], "variant w=0,seed=1 was deleted on the server, and is left so") {
		t.Errorf("%d runs, notes %q", len(f.Runs), notes)
	}
	// While it goes on.
	live, _ := opened(t, config)
	if err := live.Send(ctx, sample()); err != nil {
		t.Fatal(err)
	}
	for _, run := range f.Runs {
		run.Info.Lifecycle = "deleted"
	}
	if err := live.Append(ctx, "variant w=1,seed=1", []track.Point{{Key: "loss", Time: began, Value: 1}}); err != nil {
		t.Errorf("points of a deleted run: %v", err)
	}
	changed := sample()
	changed.Items[0].State = record.RunFailed
	if err := live.Send(ctx, changed); !track.IsRefused(err) || !strings.Contains(err.Error(), "mlflow runs restore --run-id") {
		t.Errorf("with the run itself deleted: %v", err)
	}
	f.Experiments["1"].Stage = "deleted"
	gone, _ := opened(t, config)
	if err := gone.Send(ctx, sample()); !track.IsRefused(err) || !strings.Contains(err.Error(), "mlflow experiments restore --experiment-id 1") {
		t.Errorf("a deleted experiment: %v", err)
	}
	other := config
	other.Experiment = "another"
	again(t, other, t.TempDir(), sample())
}

// A number that came out otherwise takes the place of the first, whichever is larger and
// whenever it was measured.
func TestMeasuredAgain(t *testing.T) {
	f := mlflowtest.New(t)
	config := Config{URI: f.URL}
	for _, value := range []float64{0.5, 0.25, 0.75} {
		run := sample()
		run.Items[1].Points[0].Value = value
		again(t, config, t.TempDir(), run)
		again(t, config, t.TempDir(), run)
	}
	if rows := f.Item("variant w=0,seed=1").Metrics["alignment"]; len(rows) != 3 {
		t.Errorf("three numbers are %d rows", len(rows))
	}
}

// What people wrote on the server is not written over, and is no difference.
func TestEdited(t *testing.T) {
	f := mlflowtest.New(t)
	config := Config{URI: f.URL}
	run := sample()
	run.Items[0].Tags["plumb.verdict"] = "first"
	again(t, config, t.TempDir(), run)
	run.Items[0].Tags["plumb.verdict"] = "second" // our own changes
	again(t, config, t.TempDir(), run)
	whole, experiment := f.Item(track.Whole), f.Experiments["1"]
	if whole.Tags[tagNote] != "second" || experiment.Tags[tagNote] != "a study" {
		t.Errorf("notes are %q and %q", whole.Tags[tagNote], experiment.Tags[tagNote])
	}
	view := experiment.Tags[viewTag]
	if !json.Valid([]byte(view)) || !strings.Contains(view, `"xaxis":{"key":"fid","type":"METRIC"}`) {
		t.Errorf("the view is %s", view)
	}
	whole.Tags[tagNote], experiment.Tags[tagNote], experiment.Tags[viewTag] = "mine", "ours", "{}"
	run.Items[0].Tags["plumb.verdict"] = "third"
	again(t, config, t.TempDir(), run)
	if whole.Tags[tagNote] != "mine" || experiment.Tags[tagNote] != "ours" || experiment.Tags[viewTag] != "{}" || whole.Tags["plumb.verdict"] != "third" {
		t.Errorf("what people wrote became %q, %q, %q", whole.Tags[tagNote], experiment.Tags[tagNote], experiment.Tags[viewTag])
	}
}

// A server that lost its runs, at the same address, gets all again; so does one that lost
// a file.
func TestLost(t *testing.T) {
	f := mlflowtest.New(t)
	tracker, state := opened(t, Config{URI: f.URL})
	dir := t.TempDir()
	if comparison, err := track.Again(context.Background(), dir, tracker, state, sample()); err != nil || comparison.Wrong != nil {
		t.Fatal(comparison.Wrong, err)
	}
	send := func(what string) {
		t.Helper()
		kept := track.ReadState(dir).At(Name, f.URL, "")
		tracker, err := Open(Config{URI: f.URL}, &kept)
		if err != nil {
			t.Fatal(err)
		}
		if comparison, err := track.Again(context.Background(), dir, tracker, &kept, sample()); err != nil || comparison.Wrong != nil || comparison.Read.Files != 3 {
			t.Errorf("%s: %+v, %v", what, comparison, err)
		}
	}
	for path := range f.Files {
		delete(f.Files, path)
		break
	}
	send("without a file")
	clear(f.Runs)
	clear(f.Files)
	f.Order = nil
	send("without its runs")
}

// A run that waited for people's labels has another name when it has them, and is the
// same run on the server.
func TestWaited(t *testing.T) {
	f := mlflowtest.New(t)
	of := func(fullName string, state record.RunState) *track.Run {
		run := sample()
		run.FullName, run.Basis = fullName, "abc"
		for i := range run.Items {
			item := &run.Items[i]
			item.State = state
			item.Tags["plumb.run"], item.Tags["plumb.basis"], item.Tags["plumb.state"] = fullName, "abc", string(state)
			if i == 1 { // a variant that needs no labels
				item.Tags["plumb.state"] = "done"
			}
		}
		return run
	}
	config := Config{URI: f.URL}
	again(t, config, t.TempDir(), of("study@1", record.RunWaiting))
	if status := f.Item(track.Whole).Info.Status; status != "SCHEDULED" {
		t.Errorf("what waits is %s", status)
	}
	again(t, config, t.TempDir(), of("study@2", record.RunDone))
	if whole := f.Item(track.Whole); len(f.Runs) != 3 || whole.Tags["plumb.run"] != "study@2" || whole.Info.Status != "FINISHED" {
		t.Errorf("%d runs, %+v", len(f.Runs), whole)
	}
	again(t, config, t.TempDir(), of("study@3", record.RunDone)) // which did not wait
	if len(f.Runs) != 6 {
		t.Errorf("%d runs of two", len(f.Runs))
	}
}

// A parameter that is otherwise there keeps nothing else from being sent.
func TestChangedParameter(t *testing.T) {
	f := mlflowtest.New(t)
	config := Config{URI: f.URL}
	again(t, config, t.TempDir(), sample())
	run := sample()
	run.Items[1].Params["seed"] = "2"
	run.Items[1].Params["new"] = "1"
	tracker, state := opened(t, config)
	comparison, err := track.Again(context.Background(), t.TempDir(), tracker, state, run)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{`study@01234567, variant w=0,seed=1: the parameter seed is "1" there, and "2" here`}; !slices.Equal(comparison.Wrong, want) {
		t.Errorf("differences %q, want %q", comparison.Wrong, want)
	}
}

// Files stay here where the server does not pass them on, and the rest is sent.
func TestUnproxied(t *testing.T) {
	for _, root := range []string{"s3://bucket/1/", "/var/mlruns/1/", "file:///var/mlruns/1/", "mlflow-artifacts://elsewhere:1/1/"} {
		f := mlflowtest.New(t)
		f.Root = root
		tracker, _ := opened(t, Config{URI: f.URL})
		if err := tracker.Send(context.Background(), sample()); err != nil {
			t.Errorf("%s: %v", root, err)
		}
		if notes := tracker.Notes(); len(notes) != 1 || !strings.HasPrefix(notes[0], "Files stay here") || len(f.Files) != 0 {
			t.Errorf("%s: notes %q, %d files", root, notes, len(f.Files))
		}
	}
}

func TestNames(t *testing.T) {
	for key, want := range map[string]string{
		"alignment.color/base": "alignment.color/base",
		"µ/日本":                 "µ/日本",
		"e\u0301":              "é",
		"a,b":                  "a_b-",
		"a:b":                  "a_b-",
		"a/../b":               "a/_/b-",
		"/a/":                  "_/a/_-",
		"":                     "_-",
	} {
		got := name(key)
		if stem, changed := strings.CutSuffix(want, "-"); changed {
			if !strings.HasPrefix(got, want) || len(got) != len(stem)+7 {
				t.Errorf("name(%q) = %q", key, got)
			}
		} else if got != want {
			t.Errorf("name(%q) = %q, want %q", key, got, want)
		}
		if mlflowtest.NameRefused(got) {
			t.Errorf("%q is refused", got)
		}
	}
	if name("a,b") == name("a;b") || name(strings.Repeat("x", 300)) == name(strings.Repeat("x", 301)) {
		t.Error("two keys have one name")
	}
}

func FuzzName(f *testing.F) {
	f.Add("a/b,c")
	f.Fuzz(func(t *testing.T, key string) {
		if got := name(key); mlflowtest.NameRefused(got) {
			t.Errorf("name(%q) = %q", key, got)
		}
		if n := utf8.RuneCountInString(text(key, 30)); n > 30 {
			t.Errorf("%q has %d characters", text(key, 30), n)
		}
	})
}

func TestAddress(t *testing.T) {
	config := Environment(func(name string) string {
		return map[string]string{"MLFLOW_TRACKING_URI": " https://ann:secret-word@host:5000/mlflow/ ", "MLFLOW_TRACKING_INSECURE_TLS": "true"}[name]
	})
	if got := config.Address(); got != "https://host:5000/mlflow" || !config.InsecureTLS {
		t.Errorf("address %q, %+v", got, config.InsecureTLS)
	}
	for _, uri := range []string{"sqlite:///mlflow.db", "mlruns", "file:///mlruns", "databricks", "http://", "http://host?token=1", "http://[::1", ""} {
		if _, err := Open(Config{URI: uri}, &track.State{}); !track.IsRefused(err) || strings.Contains(err.Error(), "token") {
			t.Errorf("%q: %v", uri, err)
		}
	}
	if _, err := Open(Config{URI: "https://host", ServerCert: filepath.Join(t.TempDir(), "none.pem")}, &track.State{}); !track.IsRefused(err) {
		t.Errorf("certificates that are not there: %v", err)
	}
}
