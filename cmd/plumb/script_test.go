package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/core/track/mlflow/mlflowtest"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// shipped is the variable of the environment that makes the test binary serve
// the components that ship.
const shipped = "PLUMB_TEST_SHIPPED"

// plumbTestVerb is the variable of the environment that makes the test binary a plumb
// for any verb.
const plumbTestVerb = "PLUMB_TEST_VERB"

// TestMain makes the test binary a plumb whose built-in components are tiny.
// When plumb starts itself again, to serve them, it starts this binary.
func TestMain(m *testing.M) {
	own := tinyHouse()
	if os.Getenv(shipped) != "" {
		own = builtinHouse()
	}
	plumb := func() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr, own)) }
	if os.Getenv(plumbTestVerb) != "" {
		plumb()
	}
	if len(os.Args) > 1 && (os.Args[1] == serveVerb || os.Args[1] == doctorVerb || os.Args[1] == backendVerb || os.Args[1] == benchVerb || os.Args[1] == holdVerb) {
		plumb()
	}
	testscript.Main(m, map[string]func(){"plumb": plumb, "stranger": func() { sdk.Serve(strangersPlugin()) }, "wrong": func() { sdk.Serve(wrongPlugin()) }})
}

func TestScripts(t *testing.T) {
	backendstest.Only(t, backends.Go)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			tiny, err := os.ReadFile("testdata/tiny.hcl")
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(env.WorkDir, "tiny.hcl"), tiny, 0o644)
		},
		Condition: func(condition string) (bool, error) {
			if condition == "smalldisk" {
				return canMount(), nil
			}
			return false, fmt.Errorf("unknown condition %q", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"waitfor":     waitFor,
			"damage":      damage,
			"sameoutputs": sameOutputs,
			"smalldisk":   smallDisk,
			"picture":     picture,
			"unpack":      unpack,
			"judge":       judge,
			"say":         say,
			"repaint":     repaint,
			"bring":       bring,
			"encoded":     encoded,
			"latest":      latest,
			"tear":        tear,
			"tracker":     tracker,
			"tracked":     tracked,
		},
	})
}

// waitFor waits until a file that matches a pattern holds a text.
//
//	waitfor PATTERN TEXT
func waitFor(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 2 {
		ts.Fatalf("usage: waitfor PATTERN TEXT")
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		files, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte(args[1])) {
				return
			}
		}
	}
	ts.Fatalf("no %s with %q in it", args[0], args[1])
}

// say has a rater find every image good that is in the sheet of an evaluation, which
// names images by what they show.
//
//	say SHEET DATABASE QUESTION RATER
func say(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 4 {
		ts.Fatalf("usage: say SHEET DATABASE QUESTION RATER")
	}
	file, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	ts.Check(err)
	d, err := database.Open(ts.MkAbs(args[1]))
	ts.Check(err)
	for _, row := range rows[1:] {
		ts.Check(d.Add(context.Background(), people.Judgement{
			ID: args[2] + row[0] + args[3], Question: args[2], Item: row[0], Images: row[:1], Prompt: row[2], Rater: args[3],
			Purpose: people.Asked, Answers: people.Answers{people.Alignment: people.Good}, Shown: row[:1], Time: time.Now(),
		}))
	}
	ts.Check(d.Close())
}

// latest sets RUN to the full name of the run that was begun last.
//
//	latest
func latest(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 0 {
		ts.Fatalf("usage: latest")
	}
	s, err := store.Read(ts.MkAbs("runs/store"))
	ts.Check(err)
	defer s.Close()
	runs, err := s.Runs()
	ts.Check(err)
	if len(runs) == 0 {
		ts.Fatalf("there are no runs")
	}
	ts.Setenv("RUN", runs[0].FullName)
}

// tear adds the beginning of a line to a file, as a kill leaves it.
//
//	tear FILE
func tear(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: tear FILE")
	}
	file, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = file.WriteString(`{"time":"2026-03-01T12:00:00Z","event":"val`)
	ts.Check(errors.Join(err, file.Close()))
}

// tracker starts a server that takes runs as MLflow's do, and sets TRACKER to its
// address; trackedBy has it.
//
//	tracker
func tracker(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 0 {
		ts.Fatalf("usage: tracker")
	}
	server := mlflowtest.New(scriptCleanup{ts: ts})
	trackers.Store(server.URL, server)
	ts.Setenv("TRACKER", server.URL)
}

// trackers are the servers of scripts, by address.
var trackers sync.Map

// scriptCleanup lets a server end with its script.
type scriptCleanup struct {
	testing.TB
	ts *testscript.TestScript
}

func (c scriptCleanup) Cleanup(end func()) { c.ts.Defer(end) }

// tracked fails unless the tracker has, of an item, a status and values of some keys:
// metrics by their number of rows, parameters, tags and files by what they hold.
//
//	tracked ITEM STATUS [metric:KEY=ROWS] [param:KEY=VALUE] [tag:KEY=VALUE] [file:PATH=TEXT]...
func tracked(ts *testscript.TestScript, negated bool, args []string) {
	found, ok := trackers.Load(ts.Getenv("TRACKER"))
	if negated || len(args) < 2 || !ok {
		ts.Fatalf("usage: tracked ITEM STATUS KIND:KEY=VALUE...")
	}
	server := found.(*mlflowtest.Server)
	run := server.Item(args[0])
	if run == nil {
		ts.Fatalf("the tracker has no item %q", args[0])
	}
	if run.Info.Status != args[1] {
		ts.Fatalf("%s is %s", args[0], run.Info.Status)
	}
	for _, arg := range args[2:] {
		kind, rest, _ := strings.Cut(arg, ":")
		key, want, _ := strings.Cut(rest, "=")
		got := ""
		switch kind {
		case "metric":
			got = strconv.Itoa(len(run.Metrics[key]))
		case "param":
			got = run.Params[key]
		case "tag":
			got = run.Tags[key]
		case "file":
			got = string(server.Files["1/"+run.Info.RunID+"/artifacts/"+key])
			if want != "" && strings.Contains(got, want) {
				continue
			}
		}
		if got != want {
			ts.Fatalf("%s has %s %s = %q, want %q; it has the metrics %v", args[0], kind, key, got, want, slices.Sorted(maps.Keys(run.Metrics)))
		}
	}
}

// picture writes a PNG of one grey.
//
//	picture FILE LEVEL
func picture(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 2 {
		ts.Fatalf("usage: picture FILE LEVEL")
	}
	level, err := strconv.ParseUint(args[1], 10, 8)
	ts.Check(err)
	const side = 3
	png, err := imaging.EncodePNG(imaging.Image{Width: side, Height: side, RGB: bytes.Repeat([]byte{byte(level)}, 3*side*side)})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), png, 0o644))
}

// damage flips the last bits of every file that matches a pattern and is at
// least as large as given, keeping its size.
//
//	damage PATTERN
func damage(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: damage PATTERN")
	}
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("no %s", args[0])
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		ts.Check(err)
		if len(data) == 0 {
			continue
		}
		data[len(data)-1] ^= 0xff
		ts.Check(os.Chmod(file, 0o644))
		ts.Check(os.WriteFile(file, data, 0o644))
	}
}

// judge fills in a sheet for two people: ann finds all images of a tile good,
// bob none, and neither has come to the images of the last prompts yet.
//
//	judge SHEET FILLED PROMPTS
func judge(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 3 {
		ts.Fatalf("usage: judge SHEET FILLED PROMPTS")
	}
	prompts, err := strconv.Atoi(args[2])
	ts.Check(err)
	sheet, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer sheet.Close()
	rows, err := csv.NewReader(sheet).ReadAll()
	ts.Check(err)
	filled := [][]string{{"image_id", "label", "rater"}}
	judged := map[string]bool{}
	for _, row := range rows[1:] {
		judged[row[2]] = true
		ann, bob := "good", "bad"
		if len(judged) > prompts {
			ann, bob = "", ""
		}
		filled = append(filled, []string{row[0], ann, "ann"}, []string{row[0], bob, "bob"})
	}
	var text bytes.Buffer
	ts.Check(csv.NewWriter(&text).WriteAll(filled))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text.Bytes(), 0o644))
}

// unpack writes the images of a table as an imagefolder with metadata.jsonl, and
// labels of two raters beside it: even images are good, odd ones are not.
//
//	unpack TABLE FOLDER LABELS
func unpack(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 3 {
		ts.Fatalf("usage: unpack TABLE FOLDER LABELS")
	}
	folder := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Join(folder, "pictures"), 0o755))
	var metadata, labels bytes.Buffer
	fmt.Fprintln(&labels, "image_id,rater,label")
	n := 0
	for image, err := range table.Read[table.Image](ts.MkAbs(args[0])) {
		ts.Check(err)
		name := fmt.Sprintf("pictures/%03d.png", n)
		ts.Check(os.WriteFile(filepath.Join(folder, name), image.Image.Bytes, 0o644))
		line, err := json.Marshal(map[string]any{"file_name": name, "caption": image.Prompt, "category": image.Category, "split": image.Split, "slots": image.Slots})
		ts.Check(err)
		fmt.Fprintf(&metadata, "%s\n", line)
		fmt.Fprintf(&labels, "%s,ann,%s\n%s,bob,%s\n", name, []string{"good", "bad"}[n%2], name, []string{"good", "skip"}[n%2])
		n++
	}
	ts.Check(os.WriteFile(filepath.Join(folder, "metadata.jsonl"), metadata.Bytes(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), labels.Bytes(), 0o644))
}

// repaint makes an image file a grey one of the same size.
//
//	repaint FILE
func repaint(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: repaint FILE")
	}
	content, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	picture, err := imaging.Decode(content, imaging.Exchanged)
	ts.Check(err)
	content, err = imaging.EncodePNG(imaging.Image{Width: picture.Width, Height: picture.Height, RGB: bytes.Repeat([]byte{128}, len(picture.RGB))})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o644))
}

// sameOutputs compares what the stages of a run made in two directories of
// runs, bit by bit.
//
//	sameoutputs RUNS RUNS NAME
func sameOutputs(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 3 {
		ts.Fatalf("usage: sameoutputs RUNS RUNS NAME")
	}
	outputs := func(runs string) map[string]map[string]record.Output {
		all, err := outputsOf(ts.MkAbs(runs), args[2])
		ts.Check(err)
		return all
	}
	if difference := cmp.Diff(outputs(args[0]), outputs(args[1])); difference != "" {
		ts.Fatalf("the runs made different things:\n%s", difference)
	}
}
