package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
)

func (p *program) planCommand() *cobra.Command {
	tflops := float64(session.DefaultTFLOPs)
	command := &cobra.Command{
		Use:   "plan FILE",
		Short: "Print what a run would do: stages, what is cached, time and disk",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := p.load(command.Context(), args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.Check(command.Context()); err != nil {
				return err
			}
			p.tellStore("everything is to run")
			forecast, err := s.forecast()
			if err != nil {
				return err
			}
			if !(tflops > 0) {
				return fmt.Errorf("-tflops %v: an accelerator does more than that", tflops)
			}
			costs := s.Costs(forecast)
			costs.TFLOPs = tflops
			if p.json {
				return writePlanJSON(p.out, s, forecast, costs)
			}
			p.writePlan(p.out, s, forecast, costs, false)
			writeDesigns(p.out, s.Session)
			p.warn(s.Warnings)
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	command.Flags().Float64Var(&tflops, "tflops", tflops, "10^12 operations a second that an accelerator does, for estimates")
	return command
}

// shortPlan is how many stages a plan may have to be printed before a run in
// full. A larger one is summed up by kind; plumb plan prints it all.
const shortPlan = 60

// writePlan prints a plan as a table, of 80 columns where no name needs more.
func (p *program) writePlan(w io.Writer, s *loaded, forecast *run.Forecast, costs *session.Costs, brief bool) {
	fmt.Fprintf(w, "%s\n", p.bold(w, s.title()))
	if s.Description != "" {
		fmt.Fprintf(w, "%s\n", indent(s.Description, 0, 80))
	}
	fmt.Fprintln(w)
	if brief && len(s.Plan.Nodes) > shortPlan {
		writePlanByKind(w, s.Plan, forecast, costs)
	} else {
		writePlanTable(w, p.namesRoom(w), s.Plan, forecast, costs)
	}
	fmt.Fprintf(w, "\n%s\n", indent(forecastLine(s.Plan, forecast, costs), 0, 80))
	writeCosts(w, costs)
}

// planNames and planWork are how wide the columns of a plan are in a terminal of 80
// columns; a name that is wider has a line of its own. Nothing is cut.
const planNames, planWork = 34, 30

// namesRoom is how wide names may be beside the other columns: in a file, as wide as
// they are.
func (p *program) namesRoom(w io.Writer) int {
	if _, is := terminal(w); !is {
		return math.MaxInt
	}
	return planNames + max(0, p.width(w)-80)
}

func writePlanTable(w io.Writer, names int, p *plan.Plan, forecast *run.Forecast, costs *session.Costs) {
	several := len(p.Variants) > 1
	variants := variantsOf(p)
	width, what := len("stage"), len("what")
	for _, node := range p.Nodes {
		width = max(width, len([]rune(node.Label)))
		what = max(what, len([]rune(describe(node))))
	}
	width, what = min(width, names), min(what, planWork)
	if several {
		for i, variant := range p.Variants {
			fmt.Fprintf(w, "  variant %d  %s\n", i+1, variant.Name)
		}
		fmt.Fprintln(w)
	}
	row := func(stage, work, state, time, variants string) {
		if len([]rune(stage)) > width {
			fmt.Fprintf(w, "  %s\n", stage)
			stage = ""
		}
		line := fmt.Sprintf("  %s  %s  %s  %s", pad(stage, width), pad(work, what), pad(state, 7), pad(time, 7))
		if several {
			line += "  " + variants
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	row("stage", "what", "state", "time", "variants")
	for _, node := range p.Nodes {
		state, time := stateOf(forecast.Nodes[node])
		if len(node.Missing) > 0 {
			state = "missing"
		}
		if estimated := shortCost(costs, node); estimated != "" {
			time = estimated
		}
		row(node.Label, describe(node), state, time, variants(node))
	}
}

// variantsOf tells which of a plan's variants a stage belongs to, counted
// from 1: "all", or such as "1-3, 7".
func variantsOf(p *plan.Plan) func(node *plan.Node) string {
	belongs := map[*plan.Node][]int{}
	for i, variant := range p.Variants {
		for _, stage := range variant.Stages {
			variants := belongs[stage.Node]
			if len(variants) == 0 || variants[len(variants)-1] != i+1 { // a node may have several names
				belongs[stage.Node] = append(variants, i+1)
			}
		}
	}
	return func(node *plan.Node) string {
		variants := belongs[node]
		if len(variants) == len(p.Variants) {
			return "all"
		}
		var ranges []string
		for i := 0; i < len(variants); {
			j := i
			for j+1 < len(variants) && variants[j+1] == variants[j]+1 {
				j++
			}
			if i == j {
				ranges = append(ranges, fmt.Sprint(variants[i]))
			} else {
				ranges = append(ranges, fmt.Sprintf("%d-%d", variants[i], variants[j]))
			}
			i = j + 1
		}
		return strings.Join(ranges, ", ")
	}
}

func writePlanByKind(w io.Writer, p *plan.Plan, forecast *run.Forecast, costs *session.Costs) {
	type sum struct {
		stages, cached, unknown int
		seconds                 float64
		estimated               bool // some of the seconds
	}
	sums := map[record.Kind]*sum{}
	var kinds []record.Kind
	for _, node := range p.Nodes {
		if sums[node.Kind] == nil {
			sums[node.Kind] = &sum{}
			kinds = append(kinds, node.Kind)
		}
		n, s := forecast.Nodes[node], sums[node.Kind]
		s.stages++
		one, estimated := costs.ByNode[node]
		switch {
		case n.Cached:
			s.cached++
		case n.Seconds != nil:
			s.seconds += *n.Seconds
		case estimated:
			s.seconds += 3600 * costs.Hours(one.Operations)
			s.estimated = true
		default:
			s.unknown++
		}
	}
	sort.Slice(kinds, func(i, j int) bool { return sums[kinds[i]].stages > sums[kinds[j]].stages })
	fmt.Fprintf(w, "  %s  %8s  %8s  %8s\n", fit("stages", 10), "all", "cached", "time")
	for _, kind := range kinds {
		s := sums[kind]
		time := seconds(s.seconds)
		if s.estimated {
			time = about(s.seconds)
		}
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
	if node.Instance != nil {
		words = append(words, node.Instance.Component)
	} else if from := node.Source(); from != "" {
		words = append(words, from)
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

// forecastLine sums a forecast up, estimates from arithmetic included.
func forecastLine(p *plan.Plan, forecast *run.Forecast, costs *session.Costs) string {
	if forecast.Complete {
		return fmt.Sprintf("%s, all cached: nothing to run.", plural(len(p.Nodes), "stage", "stages"))
	}
	line := fmt.Sprintf("%s, %d cached, %d to run", plural(len(p.Nodes), "stage", "stages"), forecast.Cached, forecast.ToRun)
	if apart := separately(p); apart > len(p.Nodes) {
		line += fmt.Sprintf(" (%d if variants shared nothing)", apart)
	}
	o := lookOut(forecast, costs)
	if o.unknown == forecast.ToRun {
		line += "; time unknown until they have run once here"
	} else {
		var parts []string
		if o.measured > 0 {
			parts = append(parts, seconds(o.measured)+" as before")
		}
		if o.estimated >= 1 {
			parts = append(parts, hoursText(o.estimated/3600)+" of an accelerator by arithmetic")
		}
		if len(parts) > 0 && !strings.HasPrefix(parts[0], "<") {
			parts[0] = "about " + parts[0]
		}
		switch {
		case o.unknown > 0:
			parts = append(parts, plural(o.unknown, "stage", "stages")+" of unknown time")
		case len(parts) == 0:
			parts = append(parts, "little time")
		}
		line += ": " + listed(parts)
	}
	if o.bytes > 0 {
		line += fmt.Sprintf(", %s of disk", byteSize(o.bytes))
	}
	return line + "."
}

// listed joins phrases: "a", "a and b", "a, b and c".
func listed(phrases []string) string {
	last := len(phrases) - 1
	if last < 1 {
		return strings.Join(phrases, "")
	}
	return strings.Join(phrases[:last], ", ") + " and " + phrases[last]
}

// separately is the number of stages that the variants have, each alone.
func separately(p *plan.Plan) (n int) {
	for _, variant := range p.Variants {
		nodes := map[*plan.Node]bool{}
		for _, stage := range variant.Stages {
			nodes[stage.Node] = true
		}
		n += len(nodes)
	}
	return n
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
	Designs  []designJSON      `json:"designs"`            // what evaluations can find
	Estimate *estimateJSON     `json:"estimate,omitempty"` // for one accelerator, of stages that have not run here
}

type estimateJSON struct {
	Stages      int      `json:"stages"`
	Operations  float64  `json:"operations"`
	TFLOPs      float64  `json:"assumed_tflops"`
	GPUHours    float64  `json:"gpu_hours"`
	MemoryBytes int64    `json:"gpu_memory_bytes"` // at least, of the largest stage
	DiskBytes   int64    `json:"disk_bytes"`
	Unknown     int      `json:"unknown_stages"`
	Assumes     []string `json:"assumes"`
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
	Missing   []string          `json:"missing,omitempty"` // what has to be put somewhere first
	Seconds   *float64          `json:"seconds"`           // null: unknown, or cached
	GPUHours  float64           `json:"estimated_gpu_hours,omitempty"`
	Devices   int               `json:"devices,omitempty"`          // that it needs at once
	Memory    int64             `json:"gpu_memory_bytes,omitempty"` // of each, at least, as far as it is estimated
}

func writePlanJSON(w io.Writer, s *loaded, forecast *run.Forecast, costs *session.Costs) error {
	out := planJSON{
		Name: s.Name, Cached: forecast.Cached, ToRun: forecast.ToRun,
		Seconds: forecast.Seconds, Unknown: forecast.Unknown, Bytes: forecast.Bytes,
		Designs: designsJSON(s.Designs()),
		Compute: map[string]string{"backend": s.Environment.Backend, "device": s.Environment.Device},
	}
	if costs.Hours(costs.Total.Operations) >= smallestHours {
		total := costs.Total
		out.Estimate = &estimateJSON{
			Stages: len(costs.ByNode), Operations: total.Operations, TFLOPs: costs.TFLOPs, GPUHours: costs.Hours(total.Operations),
			MemoryBytes: total.MemoryBytes, DiskBytes: total.DiskBytes, Unknown: costs.Unknown, Assumes: total.Assumes,
		}
	}
	for _, node := range s.Plan.Nodes {
		n := forecast.Nodes[node]
		one := stageJSON{Name: node.Label, Kind: string(node.Kind), Inputs: map[string]string{}, Key: n.Key, Cached: n.Cached, Seconds: n.Seconds}
		if items, unit := node.Items(); items > 0 {
			one.Items, one.Unit = items, unit
		}
		if node.Instance != nil {
			one.Component = node.Instance.Component
		}
		if estimated, ok := costs.ByNode[node]; ok {
			one.GPUHours = costs.Hours(estimated.Operations)
		}
		needs := costs.Resources(node)
		one.Devices, one.Memory = needs.Devices, needs.Memory
		for _, missing := range node.Missing {
			one.Missing = append(one.Missing, missing.Detail)
		}
		for _, input := range node.Inputs {
			one.Inputs[input.Role] = input.Node.Label
		}
		out.Stages = append(out.Stages, one)
	}
	for _, variant := range s.Plan.Variants {
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
