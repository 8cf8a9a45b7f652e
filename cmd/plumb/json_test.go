package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// noFacts are the verbs that print nothing that a program would read: they write files,
// serve, or remove what they are told to.
var noFacts = []string{
	"backend uninstall", "completion bash", "completion fish", "completion powershell", "completion zsh",
	"export", "fmt", "help", "init", "label", "label export", "label forget", "label import", "label page", "plugin lock", "plugin new", "runs rm", "watch",
}

// askedForJSON is how each verb that prints facts is asked for them, in a directory with a run
// of tiny.hcl. A verb that is new has a line here, or is in noFacts.
var askedForJSON = map[string][]string{
	"backend install": nil, // not for every platform: testdata/script/backend.txtar
	"backend list":    {},
	"bench":           {"tiny", "--only", "nothing"}, // its --json names a file
	"bundle":          nil,                           // of what it writes: testdata/script
	"compare":         nil,                           // of two runs: testdata/script
	"judge":           nil,                           // of models: testdata/script
	"verify":          nil,                           // of a bundle: testdata/script
	"doctor":          {"--quick"},
	"download":        {"tiny.hcl", "--dry-run"},
	"explain":         {"tiny.hcl", "sample/labelled"},
	"label raters":    nil, // of judgements: testdata/script/label.txtar
	"label status":    nil, // of a label file: testdata/script/label_status.txtar
	"plan":            {"tiny.hcl"},
	"plugin check":    nil, // of a plugin's own: testdata/script/plugin_check.txtar
	"plugin try":      nil, // the same: testdata/script/plugin_try.txtar
	"plugins":         {},
	"reference":       {"finetune"},
	"report":          {"tiny"},
	"run":             {"tiny.hcl"},
	"runs":            {},
	"store gc":        {"--dry-run"},
	"store usage":     {},
	"store verify":    {},
	"track":           nil, // to a server: testdata/script/tracking.txtar
	"validate":        {"tiny.hcl"},
	"version":         {},
}

// TestJSON: every verb that prints facts prints them as JSON, too.
func TestJSON(t *testing.T) {
	backendstest.Only(t, backends.Go)
	tiny, err := os.ReadFile("testdata/tiny.hcl")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tiny.hcl", tiny, 0o644); err != nil {
		t.Fatal(err)
	}
	plumb := func(args ...string) (out, said string, code int) {
		var stdout, stderr bytes.Buffer
		code = execute(args, &stdout, &stderr, tinyHouse())
		return stdout.String(), stderr.String(), code
	}
	if _, said, code := plumb("run", "tiny.hcl"); code != exitOK {
		t.Fatalf("%d: %s", code, said)
	}
	seen := map[string]bool{}
	var walk func(command *cobra.Command, path []string)
	walk = func(command *cobra.Command, path []string) {
		for _, below := range command.Commands() {
			if !below.Hidden {
				walk(below, append(slices.Clone(path), below.Name()))
			}
		}
		verb := strings.Join(path, " ")
		if !command.Runnable() || verb == "" || slices.Contains(noFacts, verb) {
			return
		}
		seen[verb] = true
		args, known := askedForJSON[verb]
		if !known {
			t.Errorf("%s is neither asked for JSON nor said to print no facts", verb)
			return
		}
		if command.Flags().Lookup("json") == nil {
			t.Errorf("%s has no --json", verb)
			return
		}
		if args == nil || command.Flags().Lookup("json").Value.Type() != "bool" {
			return
		}
		t.Run(verb, func(t *testing.T) {
			out, said, code := plumb(slices.Concat(path, args, []string{"--json"})...)
			if code != exitOK || !json.Valid([]byte(out)) {
				t.Errorf("exit code %d, it prints\n%.2000s\nand says\n%.2000s", code, out, said)
			}
		})
	}
	p := &program{house: tinyHouse()}
	walk(p.root(), nil)
	for verb := range askedForJSON {
		if !seen[verb] {
			t.Errorf("there is no verb %s", verb)
		}
	}
}
