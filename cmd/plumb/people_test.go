package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/plumb-ml/plumb/core/browsertest"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// TestPeopleInABrowser: somebody judges all that an experiment asks, in a real browser, by
// keys and by a rule, what is red is good; the judgements are written out, a reward is
// fitted on them, and the report says how often it agrees with that person.
func TestPeopleInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	file, err := filepath.Abs("testdata/people_shapes.hcl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	plumb := func(verb string, words ...string) *exec.Cmd {
		c := exec.Command(os.Args[0], append(strings.Fields(verb), words...)...)
		c.Env = append(os.Environ(), shipped+"=1", plumbTestVerb+"=1")
		c.Dir = dir
		return c
	}
	run := func(verb string, words ...string) string {
		t.Helper()
		said, err := plumb(verb, words...).CombinedOutput()
		if err != nil {
			t.Fatalf("plumb %s %v: %v\n%s", verb, words, err, said)
		}
		return string(said)
	}

	label := plumb("label", file, "--backend", backendstest.Name(), "--rater", "ana", "--port", "0")
	var troubles bytes.Buffer
	label.Stderr = &troubles
	out, err := label.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := label.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			label.Process.Kill()
			label.Wait()
		}
	}()
	link := ""
	lines := bufio.NewScanner(out)
	for link == "" && lines.Scan() {
		link = regexp.MustCompile(`http://\S+/r/\S+`).FindString(lines.Text())
	}
	if link == "" {
		t.Fatalf("no link for ana: %s", troubles.String())
	}
	go func() {
		for lines.Scan() {
		}
	}()

	const prompt = `document.querySelector("#place .prompt")?.textContent ?? ""`
	const finished = `!document.getElementById("wait").hidden && document.getElementById("wait-title").textContent === "All is judged"`
	b.Go(link)
	const instructions = `!!document.getElementById("about")?.open` // they open by themselves with each question
	const asked = 8*3 + 8*2
	for n := 0; ; n++ {
		b.Await(finished + ` || document.querySelector(".card.on")`)
		if browsertest.Ask[bool](b, finished) {
			break
		}
		if n > 3*asked {
			t.Fatalf("after %d answers there is no end: %s", n, browsertest.Ask[string](b, `document.body.innerText`))
		}
		if browsertest.Ask[bool](b, instructions) {
			b.Press(kb.Escape)
			continue
		}
		key := "b"
		if strings.Contains(browsertest.Ask[string](b, prompt), "red") {
			key = "g"
		}
		b.Press(key)
	}
	if err := label.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- label.Wait() }()
	select {
	case <-stopped:
		ended = true
	case <-time.After(time.Minute):
		t.Fatalf("it does not stop: %s", troubles.String())
	}
	if !strings.Contains(troubles.String(), "Nothing is left to be judged") {
		t.Errorf("it does not say that all is judged:\n%s", troubles.String())
	}

	run("label export", file, filepath.Join(dir, "judgements.csv"))
	written, err := os.ReadFile(filepath.Join(dir, "judgements.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(written)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	counted := 0
	for _, row := range rows[1:] {
		want := "bad"
		if strings.Contains(row[column["prompt"]], "red") {
			want = "good"
		}
		if got := row[column["answer_"+people.Alignment]]; row[column["rater"]] != "ana" || got != want {
			t.Errorf("%q by %q is %q, want %q by ana", row[column["prompt"]], row[column["rater"]], got, want)
		}
		if row[column["purpose"]] == string(people.Asked) {
			counted++
		}
	}
	if counted != asked {
		t.Errorf("%d judgements count, want %d", counted, asked)
	}

	said := run("run", file, "--backend", backendstest.Name())
	if strings.Contains(said, "wait for people") {
		t.Errorf("the run still waits:\n%s", said)
	}
	content, err := os.ReadFile(filepath.Join(dir, "runs", "people_shapes", "report", "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var results struct {
		Variants []struct {
			Metrics []struct {
				Name, Subject, Rater, Split, Category string
				Value                                 float64
			}
		}
	}
	if err := json.Unmarshal(content, &results); err != nil {
		t.Fatal(err)
	}
	accuracy := -1.0
	for _, number := range results.Variants[0].Metrics {
		if number.Name == metric.RewardAccuracyShare && number.Subject == "of_people" && number.Rater == "people" && number.Split == "" && number.Category == "" {
			accuracy = number.Value
		}
	}
	if accuracy < 0.75 || accuracy > 1 { // the rule is in the text alone, of which the reward has seen all
		t.Errorf("the reward agrees with the person about %v of the images, want at least 3 of 4\n%s", accuracy, said)
	}
	if !strings.Contains(run("report", "people_shapes", "--tables", "all"), "of_people") {
		t.Error("the tables do not name the reward")
	}
}
