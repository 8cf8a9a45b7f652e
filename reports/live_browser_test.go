package reports

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/browsertest"
	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
	"github.com/plumb-ml/plumb/reports/live"
)

// goingOn is a run that a test has go on.
type goingOn struct {
	t   *testing.T
	dir string

	mu     sync.Mutex
	run    *record.Run
	tables []string
	whole  bool
}

func (g *goingOn) Run() (*record.Run, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.run, nil
}

func (g *goingOn) Metrics(*record.Run) string { return filepath.Join(g.dir, "metrics.jsonl") }

func (g *goingOn) Images(string) ([]string, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tables, g.whole, nil
}

// is changes the run.
func (g *goingOn) is(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
}

func (g *goingOn) tell(all ...events.Event) {
	g.t.Helper()
	var lines []byte
	for _, event := range all {
		event.Time = time.Now()
		line, err := event.Line()
		if err != nil {
			g.t.Fatal(err)
		}
		lines = append(append(lines, line...), '\n')
	}
	file, err := os.OpenFile(g.Metrics(nil), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = file.Write(lines)
		file.Close()
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *goingOn) draw(name string, count int) string {
	g.t.Helper()
	var rows []table.Image
	for i := range count {
		pixels := make([]byte, 3*32*32)
		for j := range pixels {
			pixels[j] = byte(j/3*(i+1) + 80*(j%3))
		}
		content, err := imaging.EncodeStored(imaging.Image{Width: 32, Height: 32, RGB: pixels})
		if err != nil {
			g.t.Fatal(err)
		}
		rows = append(rows, table.Image{ID: fmt.Sprint(i), Prompt: fmt.Sprintf("%d rings at night", i), Image: table.File{Bytes: content}})
	}
	path := filepath.Join(g.dir, name)
	if err := table.WriteAll(path, rows); err != nil {
		g.t.Fatal(err)
	}
	return path
}

// TestWatchInABrowser: a page that is open fills as the run goes on, keeps what its
// reader has done to it, fits a phone, and says when nobody answers it any more.
func TestWatchInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	g := &goingOn{t: t, dir: t.TempDir()}
	page := live.NewServer(g, "The latest run of quick")
	server := httptest.NewServer(page)
	defer server.Close()
	b.Look(1280, "light")
	b.Go(page.Address(server.Listener.Addr()))
	b.Await(`document.querySelector("h1").textContent.includes("The latest run of quick")`)

	g.is(func() {
		g.run = &record.Run{
			Name: "quick", ID: "12345678", State: record.RunRunning, Stages: 31, Command: "plumb run quick.hcl",
			Variants: []record.Variant{{Stages: []record.StageRef{{Node: "sample/main/tuned", Key: "aaa", Status: record.Running, Stage: record.Stage{Kind: record.KindSample}}}}},
		}
	})
	left := 754.0
	g.tell(
		events.Event{Kind: events.RunBegun, Run: "quick@12345678", Of: 31},
		events.Event{Kind: events.StageEnded, Stage: "sample/labelled", Key: "bbb", Status: record.Done, Seconds: 12},
		events.Event{Kind: events.StageBegun, Stage: "tune/tuned [auxiliary_weight=0.5,steps=120,seed=2]", Key: "ccc", About: &record.Stage{Kind: record.KindTune}, Of: 120, Unit: "steps"},
		events.Event{Kind: events.StageBegun, Stage: "sample/main/tuned", Key: "aaa", About: &record.Stage{Kind: record.KindSample}, Of: 400, Unit: "images"},
		events.Event{Kind: events.RunProgress, Done: 1, Of: 31, Left: &left, Unknown: 2},
	)
	b.Await(`document.querySelector("h1").textContent.includes("quick@12345678 running")`)
	b.Await(`document.title.startsWith("quick@12345678")`)
	browsertest.Ask[bool](b, `document.querySelector("#now-said").open = false, true`)
	step := func(from, to int) {
		var all []events.Event
		for n := from; n <= to; n++ {
			all = append(all, events.Event{Kind: events.Progress, Stage: "tune/tuned [auxiliary_weight=0.5,steps=120,seed=2]", Done: n, Of: 120, Unit: "steps"})
			for name, x := range map[string]float64{"loss": 1 / float64(n), "reward": float64(n%7) / 7, "learning_rate": 1e-4} {
				number := events.Number(x)
				all = append(all, events.Event{Kind: events.Value, Stage: "tune/tuned [auxiliary_weight=0.5,steps=120,seed=2]", Step: &n, Name: name, Value: &number})
			}
		}
		g.tell(all...)
	}
	step(1, 40)
	b.Await(`document.querySelectorAll("#curves figure.plot").length === 2`)
	b.Await(`document.querySelector(".works").textContent.includes("40/120 steps, loss 0.025, reward 0.714")`)
	first := browsertest.Ask[string](b, `document.querySelector("#curves .scroll path.line").getAttribute("d")`)
	step(41, 80)
	b.Await(fmt.Sprintf(`document.querySelector("#curves .scroll path.line").getAttribute("d") !== %q`, first))
	if browsertest.Ask[bool](b, `document.querySelector("#now-said").open`) {
		t.Error("what a reader closed is open again")
	}
	part := g.draw("part0.parquet", 12)
	g.is(func() { g.tables = []string{part} })
	b.Await(`document.querySelectorAll("#images img").length === 12 && [...document.querySelectorAll("#images img")].every((image) => image.naturalWidth === 32)`)
	if got := browsertest.Ask[string](b, `document.querySelector("#images h3").textContent`); got != "sample/main/tuned at work" {
		t.Errorf("the images are of %q", got)
	}

	paper := browsertest.Ask[string](b, `getComputedStyle(document.body).backgroundColor`)
	b.Look(390, "dark")
	if dark := browsertest.Ask[string](b, `getComputedStyle(document.body).backgroundColor`); dark == paper {
		t.Errorf("in the dark it is as in the light, %s", dark)
	}
	if wide := browsertest.Ask[int](b, `document.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("on a phone of 390 pixels it is %d wide", wide)
	}

	whole := g.draw("whole.parquet", 20)
	g.is(func() { g.tables, g.whole, g.run.State, g.run.Finished = []string{whole}, true, record.RunKilled, 2 })
	b.Await(`document.querySelector(".state").textContent === "killed" && document.querySelector("#now-hint").textContent.includes("plumb run quick.hcl")`)
	b.Await(`document.querySelectorAll("#images img").length === 12 && !document.querySelector("#images .tag")`)
	b.Quiet(server.URL)
	server.CloseClientConnections()
	server.Close()
	b.Await(`!document.querySelector("#gone").hidden && document.querySelector("#gone").textContent.includes("does not answer")`)
}
