package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
)

// longValue is where explain cuts a value without --full.
const longValue = 300

func (p *program) explainCommand() *cobra.Command {
	full := false
	command := &cobra.Command{
		Use:   "explain FILE STAGE",
		Short: "Print what a stage's key is made of, and why it is or is not cached",
		Long: "Print what a stage's key is made of, line by line. If the stage is not cached\n" +
			"but has run before, print what is different now.",
		Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := p.load(command.Context(), args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			nodes, err := s.Plan.Find(args[1])
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			forecast, err := s.forecast()
			if err != nil {
				return err
			}
			for i, node := range nodes {
				if i > 0 {
					fmt.Fprintln(p.out)
				}
				if err := p.explain(s, node, forecast, full); err != nil {
					return err
				}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&full, "full", false, "print long values in full")
	return command
}

func (p *program) explain(s *loaded, node *plan.Node, forecast *run.Forecast, full bool) error {
	w := p.out
	n := forecast.Nodes[node]
	fmt.Fprintln(w, p.bold(w, node.Label))
	parts := n.Parts
	store, err := s.Reader()
	if err != nil {
		return exit{exitFailed, err}
	}
	last, err := store.LastRecord(node.Name)
	if err != nil {
		return exit{exitFailed, err}
	}
	switch {
	case n.Cached:
		row(w, "state", fmt.Sprintf("cached: made %s in %s", n.Record.Started.Local().Format(time.DateTime), seconds(n.Record.Seconds)), full)
		row(w, "key", n.Key, full)
	case n.Key != "":
		row(w, "state", "to run", full)
		row(w, "key", n.Key, full)
	default:
		row(w, "state", "to run; the key is known once the stages before it have run", full)
		parts, _ = plan.KeyParts(node, s.Environment, func(input plan.Input) (string, bool) {
			if made := forecast.Nodes[input.Node].Record; made != nil {
				return made.Outputs[input.Output].Digest, true
			}
			return "not known yet: " + input.Node.Label + " is to run", true
		})
	}
	fmt.Fprintln(w, "\nthe key is made of")
	for _, part := range parts {
		row(w, part.Name, part.Value, full)
	}
	switch {
	case n.Cached:
		writeOutputs(w, n.Record)
	case last != nil && n.Key != "":
		fmt.Fprintf(w, "\nit ran before, %s; what is different now\n", last.Started.Local().Format(time.DateTime))
		for _, change := range record.Diff(last.KeyParts, parts) {
			switch change.Kind {
			case record.Changed:
				for _, one := range changesWithin(change) {
					row(w, one.Name, cut(one.Old, full)+" -> "+cut(one.New, full), true)
				}
			case record.Added:
				row(w, change.Name, "new: "+change.New, full)
			case record.Removed:
				row(w, change.Name, "gone: "+change.Old, full)
			default:
				row(w, change.Name, string(change.Kind), full)
			}
		}
		if last.Key == n.Key {
			row(w, "nothing", "its outputs were lost from the store", full)
		}
	}
	return nil
}

// changesWithin takes the change of a configuration apart into the changes of
// its settings. A change of anything else stays as it is.
func changesWithin(change record.Change) []record.Change {
	before, after := map[string]string{}, map[string]string{}
	if !settings(change.Old, before) || !settings(change.New, after) {
		return []record.Change{change}
	}
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	var changes []record.Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, new := before[name], after[name]
		if old == new {
			continue
		}
		changes = append(changes, record.Change{
			Kind: record.Changed, Name: change.Name + " " + name,
			Old: cmp.Or(old, "absent"), New: cmp.Or(new, "absent"),
		})
	}
	return changes
}

// settings lists the leaves of a JSON object by their paths, and reports
// whether it is one.
func settings(text string, leaves map[string]string) bool {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	if decoder.Decode(&object) != nil {
		return false
	}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, inner := range value {
				walk(strings.TrimPrefix(path+"."+name, "."), inner)
			}
		case []any:
			for i, inner := range value {
				walk(fmt.Sprintf("%s[%d]", path, i), inner)
			}
		default:
			leaf, err := json.Marshal(value)
			if err != nil {
				leaf = []byte(err.Error())
			}
			leaves[path] = string(leaf)
		}
	}
	walk("", object)
	return true
}

func writeOutputs(w io.Writer, made *record.Record) {
	var roles []string
	for role := range made.Outputs {
		roles = append(roles, role)
	}
	sort.Strings(roles)
	fmt.Fprintln(w, "\nit made")
	for _, role := range roles {
		output := made.Outputs[role]
		text := fmt.Sprintf("%s  %s", output.Digest, byteSize(output.Bytes))
		if output.Rows > 0 {
			text += ", " + plural(output.Rows, "row", "rows")
		}
		row(w, role, text, true)
	}
}

// explainMargin is where values stand.
const explainMargin = 22

func row(w io.Writer, name, value string, full bool) {
	name = "  " + name
	if len(name) < explainMargin {
		name = fit(name, explainMargin)
	} else {
		name += "\n" + strings.Repeat(" ", explainMargin)
	}
	fmt.Fprintf(w, "%s%s\n", name, indent(cut(value, full), explainMargin, 80))
}

func cut(value string, full bool) string {
	if runes := []rune(value); !full && len(runes) > longValue {
		return fmt.Sprintf("%s… (%d characters; --full)", string(runes[:longValue]), len(runes))
	}
	return value
}
