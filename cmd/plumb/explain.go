package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
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
			var all []explanation
			for _, node := range nodes {
				found, err := s.explain(node, forecast)
				if err != nil {
					return err
				}
				all = append(all, found)
			}
			if p.json {
				return p.writeJSON(all)
			}
			for i, one := range all {
				if i > 0 {
					fmt.Fprintln(p.out)
				}
				p.writeExplanation(one, full)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&full, "full", false, "print long values in full")
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// explanation is what is known of a stage: its key, what the key is made of, and what
// has changed.
type explanation struct {
	Stage  string           `json:"stage"`
	Cached bool             `json:"cached"`
	Key    string           `json:"key,omitempty"` // empty: known once the stages before it have run
	Parts  []record.KeyPart `json:"key_parts"`
	// Made is when the stage was made: as it is now if it is cached, else last.
	Made    *time.Time               `json:"made,omitempty"`
	Seconds float64                  `json:"seconds,omitempty"`
	Outputs map[string]record.Output `json:"outputs,omitempty"` // if it is cached
	// Changes are what is different since it was made last, if it is to run and has run.
	Changes []record.Change `json:"changes,omitempty"`
	Lost    bool            `json:"lost,omitempty"` // nothing has changed, and the store has lost the outputs
}

// explain looks at a stage.
func (s *loaded) explain(node *plan.Node, forecast *run.Forecast) (explanation, error) {
	n := forecast.Nodes[node]
	e := explanation{Stage: node.Label, Cached: n.Cached, Key: n.Key, Parts: n.Parts}
	if n.Cached {
		e.Made, e.Seconds, e.Outputs = &n.Record.Started, n.Record.Seconds, n.Record.Outputs
		return e, nil
	}
	if n.Key == "" {
		e.Parts, _ = plan.KeyParts(node, s.Environment, func(input plan.Input) (string, bool) {
			if made := forecast.Nodes[input.Node].Record; made != nil {
				return made.Outputs[input.Output].Digest, true
			}
			return "not known yet: " + input.Node.Label + " is to run", true
		})
		return e, nil
	}
	store, err := s.Reader()
	if err != nil {
		return e, exit{exitFailed, err}
	}
	last, err := store.LastRecord(node.Name)
	if err != nil {
		return e, exit{exitFailed, err}
	}
	if last == nil {
		return e, nil
	}
	e.Made, e.Lost = &last.Started, last.Key == n.Key
	for _, change := range record.Diff(last.KeyParts, n.Parts) {
		if change.Kind == record.Changed {
			e.Changes = append(e.Changes, changesWithin(change)...)
		} else {
			e.Changes = append(e.Changes, change)
		}
	}
	return e, nil
}

// writeExplanation prints what is known of a stage.
func (p *program) writeExplanation(e explanation, full bool) {
	w := p.out
	fmt.Fprintln(w, p.bold(w, e.Stage))
	switch {
	case e.Cached:
		row(w, "state", fmt.Sprintf("cached: made %s in %s", e.Made.Local().Format(time.DateTime), seconds(e.Seconds)), full)
		row(w, "key", e.Key, full)
	case e.Key != "":
		row(w, "state", "to run", full)
		row(w, "key", e.Key, full)
	default:
		row(w, "state", "to run; the key is known once the stages before it have run", full)
	}
	fmt.Fprintln(w, "\nthe key is made of")
	for _, part := range e.Parts {
		row(w, part.Name, part.Value, full)
	}
	if e.Cached {
		writeOutputs(w, e.Outputs)
	}
	if e.Cached || e.Made == nil {
		return
	}
	fmt.Fprintf(w, "\nit ran before, %s; what is different now\n", e.Made.Local().Format(time.DateTime))
	for _, change := range e.Changes {
		switch change.Kind {
		case record.Changed:
			row(w, change.Name, cut(change.Old, full)+" -> "+cut(change.New, full), true)
		case record.Added:
			row(w, change.Name, "new: "+change.New, full)
		case record.Removed:
			row(w, change.Name, "gone: "+change.Old, full)
		default:
			row(w, change.Name, string(change.Kind), full)
		}
	}
	if e.Lost {
		row(w, "nothing", "its outputs were lost from the store", full)
	}
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

func writeOutputs(w io.Writer, outputs map[string]record.Output) {
	fmt.Fprintln(w, "\nit made")
	for _, role := range slices.Sorted(maps.Keys(outputs)) {
		output := outputs[role]
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
