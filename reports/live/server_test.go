package live

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// fake is a run in a test's hands.
type fake struct {
	t      *testing.T
	dir    string
	run    *record.Run
	err    error
	images map[string][]string
	whole  map[string]bool
}

func newFake(t *testing.T) *fake {
	return &fake{t: t, dir: t.TempDir(), images: map[string][]string{}, whole: map[string]bool{}}
}

func (f *fake) Run() (*record.Run, error)  { return f.run, f.err }
func (f *fake) Metrics(*record.Run) string { return filepath.Join(f.dir, "metrics.jsonl") }
func (f *fake) Images(key string) ([]string, bool, error) {
	return f.images[key], f.whole[key], nil
}

// tell appends events to the run's file.
func (f *fake) tell(all ...events.Event) {
	f.t.Helper()
	file, err := os.OpenFile(f.Metrics(nil), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		f.t.Fatal(err)
	}
	defer file.Close()
	for _, event := range all {
		event.Time = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		line, err := event.Line()
		if err == nil {
			_, err = file.Write(append(line, '\n'))
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func value(stage, name string, step int, x float64) events.Event {
	number := events.Number(x)
	return events.Event{Kind: events.Value, Stage: stage, Name: name, Step: &step, Value: &number}
}

// draw writes an images table of squares of one colour, some of each prompt.
func (f *fake) draw(name string, prompts ...string) string {
	f.t.Helper()
	var rows []table.Image
	for i, prompt := range prompts {
		pixels := make([]byte, 3*8*8)
		for j := range pixels {
			pixels[j] = byte(40 * i)
		}
		content, err := imaging.EncodeStored(imaging.Image{Width: 8, Height: 8, RGB: pixels})
		if err != nil {
			f.t.Fatal(err)
		}
		rows = append(rows, table.Image{ID: fmt.Sprint(i), Prompt: prompt, Image: table.File{Bytes: content}})
	}
	path := filepath.Join(f.dir, name)
	if err := table.WriteAll(path, rows); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// sampling is a run with a stage that draws.
func sampling(state record.RunState, status record.Status) *record.Run {
	return &record.Run{
		Name: "quick", ID: "12345678", State: state, Stages: 3, Command: "plumb run quick.hcl",
		Variants: []record.Variant{{Stages: []record.StageRef{{Node: "sample/labelled", Key: "aaa", Status: status, Stage: record.Stage{Kind: record.KindSample}}}}},
	}
}

// parts asks for all parts, as words.
func parts(t *testing.T, s *Server) map[string]string {
	t.Helper()
	s.looked = time.Time{} // it is not made to wait
	recorded := httptest.NewRecorder()
	s.ServeHTTP(recorded, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/"+s.token+"/parts", nil))
	var all map[string]part
	if err := json.NewDecoder(recorded.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	for name, part := range all {
		words[name] = part.HTML
	}
	return words
}

func has(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in\n%s", word, text)
		}
	}
}

// TestARunFromItsBeginToItsEnd: the page says what there is before, while and after.
func TestARunFromItsBeginToItsEnd(t *testing.T) {
	f := newFake(t)
	s := NewServer(f, "The latest run of quick")
	p := parts(t, s)
	has(t, p["now"], "The latest run of quick", "There is no such run yet")
	has(t, p["curves"], "No training has reported")
	has(t, p["images"], "No stage has drawn")

	f.run = sampling(record.RunRunning, record.Running)
	has(t, parts(t, s)["now"], "quick@12345678", "no metrics.jsonl")
	left := 125.0
	f.tell(
		events.Event{Kind: events.RunBegun, Run: "quick@12345678", Of: 3},
		events.Event{Kind: events.StageBegun, Stage: "sample/labelled", Key: "aaa", About: &record.Stage{Kind: record.KindSample}, Of: 100, Unit: "images"},
		events.Event{Kind: events.Progress, Stage: "sample/labelled", Done: 64, Of: 100, Unit: "images"},
		events.Event{Kind: events.RunProgress, Of: 3, Left: &left, Unknown: 1},
	)
	p = parts(t, s)
	has(t, p["now"], "0 of 3 stages", "1 stage of unknown time", "sample/labelled", "64/100 images")
	if strings.Contains(p["now"], "metrics.jsonl") {
		t.Error("it says that there is no metrics.jsonl")
	}
	f.images["aaa"] = []string{f.draw("part0.parquet", "a ring", "a ring", "<script>alert(1)</script>")}
	p = parts(t, s)
	has(t, p["images"], "sample/labelled", "at work", "&lt;script&gt;", `alt=""`, "image/aaa/")
	if strings.Contains(p["images"], "<script") {
		t.Error("a prompt is taken for markup")
	}

	// The stage ends, and its table takes the place of the parts; a training begins.
	f.images["aaa"], f.whole["aaa"] = []string{f.draw("whole.parquet", "a moon", "a moon", "a star")}, true
	f.run = sampling(record.RunRunning, record.Done)
	f.tell(
		events.Event{Kind: events.StageEnded, Stage: "sample/labelled", Key: "aaa", Status: record.Done, Seconds: 3},
		events.Event{Kind: events.StageBegun, Stage: "tune/full", Key: "bbb", About: &record.Stage{Kind: record.KindTune}, Of: 200, Unit: "steps"},
		events.Event{Kind: events.Progress, Stage: "tune/full", Done: 2, Of: 200, Unit: "steps"},
		value("tune/full", "loss", 1, 0.5), value("tune/full", "loss", 2, 0.25), value("tune/full", "learning_rate", 2, 0.1), value("tune/full", "reward", 2, 1.5),
	)
	p = parts(t, s)
	has(t, p["now"], "1 of 3 stages", "2/200 steps, loss 0.25, reward 1.5")
	has(t, p["curves"], "Fine-tuning: loss", "Fine-tuning: reward", "tune/full")
	if strings.Contains(p["curves"], "learning_rate") || strings.Contains(p["images"], "at work") || !strings.Contains(p["images"], "a star") {
		t.Errorf("%s\n%s", p["curves"], p["images"])
	}

	// It fails; no number that is none is drawn or said.
	f.run = sampling(record.RunFailed, record.Done)
	f.tell(
		value("tune/full", "loss", 3, math.NaN()),
		events.Event{Kind: events.StageEnded, Stage: "tune/full", Key: "bbb", Status: record.Failed, Text: "loss is NaN at step 3"},
		events.Event{Kind: events.RunEnded, Run: "quick@12345678", State: record.RunFailed, Done: 1, Of: 3},
	)
	p = parts(t, s)
	has(t, p["now"], "a stage failed", "tune/full failed: loss is NaN at step 3", "plumb run quick.hcl")
	if strings.Contains(p["curves"], "NaN") {
		t.Error(p["curves"])
	}

	// It goes on, is killed, and another run of the name takes its place.
	f.tell(events.Event{Kind: events.RunBegun, Run: "quick@12345678", Of: 3})
	f.run = sampling(record.RunKilled, record.Done)
	p = parts(t, s)
	has(t, p["now"], "killed", "plumb run quick.hcl")
	if strings.Contains(p["now"], "loss is NaN at step 3</li>") {
		t.Error("what failed before is told of the run that goes on")
	}
	f.run = sampling(record.RunRunning, record.Pending)
	f.run.ID = "87654321"
	if err := os.Remove(f.Metrics(nil)); err != nil {
		t.Fatal(err)
	}
	p = parts(t, s)
	has(t, p["now"], "quick@87654321")
	has(t, p["curves"], "No training has reported")
	f.err = fmt.Errorf("the store is damaged <b>")
	has(t, parts(t, s)["now"], "the store is damaged &lt;b&gt;")
}

// TestCurvesGoBack: a training that goes on from an earlier state reports its steps again.
func TestCurvesGoBack(t *testing.T) {
	var c curves
	c.begin(events.Event{Stage: "fit/a", About: &record.Stage{Kind: record.KindFit}})
	for _, step := range []int{1, 2, 3, 4, 2, 3} {
		c.add(value("fit/a", "loss", step, float64(len(c.panels)+step)))
	}
	if got := fmt.Sprint(c.panels[0].lines[0].points); got != "[{1 1} {2 3} {3 4}]" {
		t.Error(got)
	}
	for i := range 20 {
		stage := fmt.Sprintf("fit/%02d", i)
		c.begin(events.Event{Stage: stage, About: &record.Stage{Kind: record.KindFit}})
		for step := range 1000 {
			c.add(value(stage, "loss", step+1, 1/float64(step+1)))
		}
	}
	c.add(value("fit/a", "loss", 4, 1)) // it reports again, and so is shown
	f := c.panels[0].figure()
	var names []string
	for _, s := range f.Panels[0].Series {
		names = append(names, s.Name)
		for _, l := range s.Lines {
			if len(l.Points) > mostRaw {
				t.Errorf("a line has %d points", len(l.Points))
			}
		}
	}
	if got := strings.Join(names, " "); got != "fit/13 fit/14 fit/15 fit/16 fit/17 fit/18 fit/19 fit/a" || f.About != "13 trainings of before not shown" {
		t.Errorf("%s; %s", got, f.About)
	}
}

// TestOnlyTheAddressIsAnswered: nothing without the token, under another name of this
// machine, or that changes something.
func TestOnlyTheAddressIsAnswered(t *testing.T) {
	f := newFake(t)
	f.run = sampling(record.RunDone, record.Done)
	f.images["aaa"], f.whole["aaa"] = []string{f.draw("whole.parquet", "a moon")}, true
	s := NewServer(f, "")
	s.refresh()
	image := fmt.Sprintf("image/aaa/%s/0", versionOf(f.images["aaa"][0]))
	for _, test := range []struct {
		method, address string
		want            int
		kind            string
	}{
		{"GET", "http://127.0.0.1:8080/TOKEN/", 200, "text/html"},
		{"HEAD", "http://localhost:8080/TOKEN/", 200, "text/html"},
		{"GET", "http://[::1]:8080/TOKEN/page.css", 200, "text/css"},
		{"GET", "http://127.0.0.1/TOKEN/live.js", 200, "text/javascript"},
		{"GET", "http://127.0.0.1:8080/TOKEN/" + image, 200, "image/png"},
		{"GET", "http://127.0.0.1:8080/TOKEN/parts", 200, "application/json"},
		{"GET", "http://127.0.0.1:8080/", 404, "text/plain"},
		{"GET", "http://127.0.0.1:8080/TOKEN", 404, "text/plain"},
		{"GET", "http://127.0.0.1:8080/" + strings.Repeat("0", 32) + "/", 404, "text/plain"},
		{"GET", "http://127.0.0.1:8080/TOKEN/image/aaa/x/0", 404, "text/plain"},
		{"GET", "http://127.0.0.1:8080/TOKEN/" + strings.TrimSuffix(image, "0") + "1", 404, "text/plain"},
		{"GET", "http://127.0.0.1:8080/TOKEN/../secret", 404, "text/plain"},
		{"GET", "http://evil.example:8080/TOKEN/", 404, "text/plain"},
		{"GET", "http://127.0.0.1.evil.example/TOKEN/", 404, "text/plain"},
		{"POST", "http://127.0.0.1:8080/TOKEN/parts", 405, "text/plain"},
	} {
		recorded := httptest.NewRecorder()
		s.ServeHTTP(recorded, httptest.NewRequest(test.method, strings.Replace(test.address, "TOKEN", s.token, 1), nil))
		answer := recorded.Result()
		if kind := answer.Header.Get("Content-Type"); answer.StatusCode != test.want || !strings.HasPrefix(kind, test.kind) {
			t.Errorf("%s %s: %d, %s", test.method, test.address, answer.StatusCode, kind)
		}
		if got := answer.Header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") || strings.Contains(got, "unsafe") {
			t.Errorf("%s: %q", test.address, got)
		}
		if body, _ := io.ReadAll(answer.Body); test.want != 200 && strings.Contains(string(body), s.token) {
			t.Errorf("%s tells the address", test.address)
		}
	}
	if other := NewServer(f, ""); len(s.token) != 32 || other.token == s.token {
		t.Errorf("tokens %s, %s", s.token, other.token)
	}
}

// TestPartsThatAreKnown are not sent again.
func TestPartsThatAreKnown(t *testing.T) {
	f := newFake(t)
	f.run = sampling(record.RunDone, record.Done)
	s := NewServer(f, "")
	known := ""
	for name, part := range s.refresh() {
		known += "&" + name + "=" + part.Version
	}
	recorded := httptest.NewRecorder()
	s.ServeHTTP(recorded, httptest.NewRequest(http.MethodGet, "http://localhost/"+s.token+"/parts?"+known, nil))
	if got := strings.TrimSpace(recorded.Body.String()); got != "{}" {
		t.Errorf("%s", got)
	}
}

// TestALongFile is read in pieces, and the page says so.
func TestALongFile(t *testing.T) {
	f := newFake(t)
	f.run = sampling(record.RunRunning, record.Running)
	line, err := events.Event{Time: time.Now(), Kind: events.Warning, Text: strings.Repeat("x", 1<<20)}.Line()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for range 40 {
		b.Write(append(line, '\n'))
	}
	if err := os.WriteFile(f.Metrics(nil), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	s := NewServer(f, "")
	has(t, parts(t, s)["now"], "still being read")
	if strings.Contains(parts(t, s)["now"], "still being read") {
		t.Error("it never ends")
	}
}
