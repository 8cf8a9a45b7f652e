package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// shortenings make the quickstart one of half a minute: few prompts, few images, few
// steps. All blocks and all that they say otherwise stay.
var shortenings = []struct{ old, short string }{
	{`(?m)^( *per_prompt += ).*`, "${1}2"},
	{`(?m)^( *limit += ).*`, "${1}12"},
	{`(?m)^( *steps += )\d+`, "${1}4"},
	{`(?m)^( *negatives += ).*`, "${1}2"},
	{`(?m)^( *n += )16`, "${1}2"},
	{`(?m)^( *keep += ).*`, "${1}1"},
	{`"red", "orange", `, ""},
	{`"ring", "moon", `, ""},
}

// TestQuickstart runs the quickstart in short on every backend: nothing of it is
// missing in the report, and a second run does nothing.
func TestQuickstart(t *testing.T) {
	content, err := os.ReadFile("../../experiments/quickstart.hcl")
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for _, s := range shortenings {
		short := regexp.MustCompile(s.old).ReplaceAllString(text, s.short)
		if short == text {
			t.Fatalf("%s is nowhere in the quickstart", s.old)
		}
		text = short
	}
	backendstest.Each(t, func(t *testing.T, backend string) {
		t.Chdir(t.TempDir())
		t.Setenv(shipped, "1")
		if err := os.WriteFile("quickstart.hcl", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for run, want := range []string{"done    measure/main/best_of", "all cached: nothing to run"} {
			var out, errOut bytes.Buffer
			if code := execute([]string{"run", "-backend", backend, "-var", "steps=4", "quickstart.hcl"}, &out, &errOut, builtinHouse()); code != exitOK {
				t.Fatalf("run %d: exit %d\n%s%s", run, code, out.String(), errOut.String())
			}
			if !strings.Contains(errOut.String(), want) {
				t.Errorf("run %d does not say %q:\n%s", run, want, errOut.String())
			}
			t.Logf("%s%s", errOut.String(), out.String())
		}
		written, err := os.ReadFile("runs/quickstart/report/results.json")
		if err != nil {
			t.Fatal(err)
		}
		var results struct {
			Machines []record.Machine
			Variants []struct {
				Stages []struct {
					Node    string
					Machine *int
				}
				Metrics []struct {
					Name, Subject, Note string
					Value               *float64
				}
			}
		}
		if err := json.Unmarshal(written, &results); err != nil || len(results.Variants) != 1 {
			t.Fatalf("%d variants, %v", len(results.Variants), err)
		}
		for _, stage := range results.Variants[0].Stages {
			if m := stage.Machine; m == nil || strings.HasPrefix(stage.Node, "tune/") && results.Machines[*m].Backend != backend {
				t.Errorf("%s was on %v of %+v", stage.Node, m, results.Machines)
			}
		}
		values := map[string]int{}
		for _, m := range results.Variants[0].Metrics {
			if m.Value == nil && m.Note == "" {
				t.Errorf("%s of %s is nothing, without a word", m.Name, m.Subject)
			}
			if m.Value != nil {
				values[m.Subject]++
			}
		}
		for _, model := range []string{"base", "labelled", "unlabelled", "full"} {
			if values[model] < 20 {
				t.Errorf("%s has %d values, of %v", model, values[model], values)
			}
		}
	})
}
