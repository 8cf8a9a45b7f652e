package session_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/plugins/builtin"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestPlans compares the plan of every shipped experiment and ablation with its
// golden file. Nothing is computed and no process is started: the built-in
// components describe themselves from memory. Update the files with
//
//	go test ./core/session -run TestPlans -update
func TestPlans(t *testing.T) {
	golden := map[string]bool{}
	for _, folder := range []string{"experiments", "ablations"} {
		files, err := filepath.Glob(filepath.Join("../..", folder, "*.hcl"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, file := range files {
			if filepath.Base(file) == "plumb.lock.hcl" {
				continue
			}
			name := filepath.Join(folder, strings.TrimSuffix(filepath.Base(file), ".hcl"))
			want := filepath.Join("testdata/plans", name+".txt")
			golden[want] = true
			t.Run(name, func(t *testing.T) { comparePlan(t, file, want) })
		}
	}
	kept, err := filepath.Glob("testdata/plans/*/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range kept {
		if !golden[file] {
			t.Errorf("%s is the plan of no file", file)
		}
	}
}

func comparePlan(t *testing.T, file, golden string) {
	t.Helper()
	s, err := session.Read(t.Context(), file, session.Options{
		Builtin: builtin.Plugin().Components,
		Plugins: plugin.Options{Builtin: plugin.BuiltinEntry("/no process is needed")},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := written(s.Plan)
	if *update {
		if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v: write it with -update", err)
	}
	for _, line := range missing(string(want), got) {
		t.Errorf("the plan misses  %s", line)
	}
	for _, line := range missing(got, string(want)) {
		t.Errorf("the plan adds    %s", line)
	}
	if !t.Failed() && got != string(want) {
		t.Errorf("the order of the stages differs:\n%s", got)
	}
}

// missing returns the lines of a text that another does not have.
func missing(text, other string) []string {
	have := slices.Collect(strings.Lines(other))
	return slices.DeleteFunc(slices.Collect(strings.Lines(text)), func(line string) bool { return slices.Contains(have, line) })
}

// written spells a plan, a line for a stage: how many nodes have its name and
// inputs, where rows of an ablation differ; name; kind and component; inputs as
// role = stage that makes it.
func written(p *plan.Plan) string {
	var lines []string
	nodes := map[string]int{}
	for _, node := range p.Nodes {
		line := node.Name + " : " + string(node.Kind)
		if node.Instance != nil {
			line += " " + node.Instance.Component
		}
		for i, input := range node.Inputs {
			if line += " | " + input.Role; i+1 == len(node.Inputs) || node.Inputs[i+1].Node != input.Node {
				line += " = " + input.Node.Name
			}
		}
		if nodes[line]++; nodes[line] == 1 {
			lines = append(lines, line)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d stages, %d variants\n", len(p.Nodes), len(p.Variants))
	for _, line := range lines {
		if n := nodes[line]; n > 1 {
			fmt.Fprintf(&b, "%d x ", n)
		}
		fmt.Fprintln(&b, line)
	}
	return b.String()
}
