package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/run"
)

func (p *program) planCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "plan FILE",
		Short: "Print what a run would do: stages, what is cached, time and disk",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := p.load(command.Context(), args[0])
			if err != nil {
				return err
			}
			defer s.close()
			forecast, err := s.forecast()
			if err != nil {
				return err
			}
			if p.json {
				return writePlanJSON(p.out, s, forecast)
			}
			p.writePlan(p.out, s, forecast, false)
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// shortPlan is how many stages a plan may have to be printed before a run in
// full. A larger one is summed up by kind; plumb plan prints it all.
const shortPlan = 60

// writePlan prints a plan as a table of at most 80 columns.
func (p *program) writePlan(w io.Writer, s *session, forecast *run.Forecast, brief bool) {
	fmt.Fprintf(w, "%s\n", p.bold(w, s.title()))
	if s.description != "" {
		fmt.Fprintf(w, "%s\n", indent(s.description, 0, 80))
	}
	fmt.Fprintln(w)
	if brief && len(s.plan.Nodes) > shortPlan {
		writePlanByKind(w, s.plan, forecast)
	} else {
		writePlanTable(w, s.plan, forecast)
	}
	fmt.Fprintf(w, "\n%s\n", indent(forecastLine(s.plan, forecast), 0, 80))
}

func writePlanTable(w io.Writer, p *plan.Plan, forecast *run.Forecast) {
	width := len("stage")
	for _, node := range p.Nodes {
		width = max(width, len([]rune(node.Label)))
	}
	width = min(width, 34)
	// What is left of 80 columns beside the margin, state, time and three gaps.
	room := 80 - 2 - width - 6 - 7 - 3*2
	what := len("what")
	for _, node := range p.Nodes {
		what = max(what, len([]rune(describe(node))))
	}
	what = min(what, room)
	fmt.Fprintf(w, "  %s  %s  %s  %s\n", fit("stage", width), fit("what", what), fit("state", 6), "time")
	for _, node := range p.Nodes {
		state, time := stateOf(forecast.Nodes[node])
		fmt.Fprintf(w, "  %s  %s  %s  %s\n", fit(node.Label, width), fit(describe(node), what), fit(state, 6), time)
	}
}

func writePlanByKind(w io.Writer, p *plan.Plan, forecast *run.Forecast) {
	type sum struct {
		stages, cached, unknown int
		seconds                 float64
	}
	sums := map[plan.Kind]*sum{}
	var kinds []plan.Kind
	for _, node := range p.Nodes {
		if sums[node.Kind] == nil {
			sums[node.Kind] = &sum{}
			kinds = append(kinds, node.Kind)
		}
		n, s := forecast.Nodes[node], sums[node.Kind]
		s.stages++
		switch {
		case n.Cached:
			s.cached++
		case n.Seconds != nil:
			s.seconds += *n.Seconds
		default:
			s.unknown++
		}
	}
	sort.Slice(kinds, func(i, j int) bool { return sums[kinds[i]].stages > sums[kinds[j]].stages })
	fmt.Fprintf(w, "  %s  %8s  %8s  %8s\n", fit("stages", 10), "all", "cached", "time")
	for _, kind := range kinds {
		s := sums[kind]
		time := seconds(s.seconds)
		switch {
		case s.cached == s.stages:
			time = "-"
		case s.unknown > 0:
			time = "unknown"
		}
		fmt.Fprintf(w, "  %s  %8d  %8d  %8s\n", fit(string(kind), 10), s.stages, s.cached, time)
	}
}

// describe says what a stage works through, and with what.
func describe(node *plan.Node) string {
	var words []string
	if items, unit := node.Items(); items > 0 {
		words = append(words, fmt.Sprintf("%d %s", items, unit))
	}
	switch {
	case node.Instance != nil:
		words = append(words, node.Instance.Component)
	case node.Kind == plan.Sample, node.Kind == plan.Rate:
		words = append(words, "from a file")
	}
	return strings.Join(words, ", ")
}

func stateOf(n run.NodeForecast) (state, time string) {
	switch {
	case n.Cached:
		return "cached", "-"
	case n.Seconds != nil:
		return "to run", seconds(*n.Seconds)
	}
	return "to run", "unknown"
}

// forecastLine sums a forecast up.
func forecastLine(p *plan.Plan, forecast *run.Forecast) string {
	if forecast.Complete {
		return fmt.Sprintf("%s, all cached: nothing to run.", plural(len(p.Nodes), "stage", "stages"))
	}
	line := fmt.Sprintf("%s, %d cached, %d to run", plural(len(p.Nodes), "stage", "stages"), forecast.Cached, forecast.ToRun)
	switch {
	case forecast.Unknown == forecast.ToRun:
		line += "; time unknown until they have run once here"
	case forecast.Unknown > 0:
		line += fmt.Sprintf(": %s and %s of unknown time", seconds(forecast.Seconds), plural(forecast.Unknown, "stage", "stages"))
	default:
		line += fmt.Sprintf(": about %s", seconds(forecast.Seconds))
	}
	if forecast.Bytes > 0 {
		line += fmt.Sprintf(", %s of disk", byteSize(forecast.Bytes))
	}
	return line + "."
}

// planJSON is the plan for scripts.
type planJSON struct {
	Name     string            `json:"name"`
	Variants []variantJSON     `json:"variants"`
	Stages   []stageJSON       `json:"stages"`
	Cached   int               `json:"cached"`
	ToRun    int               `json:"to_run"`
	Seconds  float64           `json:"seconds"`         // of the stages whose time is known
	Unknown  int               `json:"unknown_seconds"` // stages whose time is not
	Bytes    int64             `json:"bytes"`
	Compute  map[string]string `json:"compute"`
}

type variantJSON struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Values map[string]any `json:"values"`
	Stages []string       `json:"stages"`
}

type stageJSON struct {
	Name      string            `json:"name"`
	Kind      string            `json:"kind"`
	Component string            `json:"component,omitempty"`
	Inputs    map[string]string `json:"inputs"` // stage by role
	Items     int               `json:"items,omitempty"`
	Unit      string            `json:"unit,omitempty"`
	Key       string            `json:"key,omitempty"` // absent if an input is yet to be made
	Cached    bool              `json:"cached"`
	Seconds   *float64          `json:"seconds"` // null: unknown, or cached
}

func writePlanJSON(w io.Writer, s *session, forecast *run.Forecast) error {
	out := planJSON{
		Name: s.name, Cached: forecast.Cached, ToRun: forecast.ToRun,
		Seconds: forecast.Seconds, Unknown: forecast.Unknown, Bytes: forecast.Bytes,
		Compute: map[string]string{"backend": s.environment.Backend, "device": s.environment.Device},
	}
	for _, node := range s.plan.Nodes {
		n := forecast.Nodes[node]
		one := stageJSON{Name: node.Label, Kind: string(node.Kind), Inputs: map[string]string{}, Key: n.Key, Cached: n.Cached, Seconds: n.Seconds}
		if items, unit := node.Items(); items > 0 {
			one.Items, one.Unit = items, unit
		}
		if node.Instance != nil {
			one.Component = node.Instance.Component
		}
		for _, input := range node.Inputs {
			one.Inputs[input.Role] = input.Node.Label
		}
		out.Stages = append(out.Stages, one)
	}
	for _, variant := range s.plan.Variants {
		v := variantJSON{ID: variant.ID, Name: variant.Name, Values: variant.Values}
		for _, stage := range variant.Stages {
			v.Stages = append(v.Stages, stage.Node.Label)
		}
		out.Variants = append(out.Variants, v)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}
