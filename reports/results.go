package reports

import (
	"encoding/json"
	"io"
	"time"

	"github.com/plumb-ml/plumb/core/protocol"
	"github.com/plumb-ml/plumb/core/record"
)

// resultsSchema is the version of results.json's form, which docs/results.schema.json
// describes.
const resultsSchema = 1

// results is results.json up to its variants. What many stages and numbers share stands
// in Machines, Protocols and Methods once; they name it by its place there, from 0.
type results struct {
	Schema      int               `json:"schema"`
	Name        string            `json:"name"`
	Run         string            `json:"run,omitempty"` // its full name in the list of runs
	Description string            `json:"description,omitempty"`
	File        string            `json:"file"`
	Command     string            `json:"command"`
	Started     time.Time         `json:"started"`
	Seconds     float64           `json:"seconds"`
	Baseline    string            `json:"baseline,omitempty"`
	Versions    map[string]string `json:"versions,omitempty"`
	Machine     record.Machine    `json:"machine"`
	Alarms      []string          `json:"alarms,omitempty"`
	Notes       []string          `json:"notes,omitempty"`
	Machines    []record.Machine  `json:"machines"`
	// Protocols say of which images numbers are and what looked at these, and Methods how
	// they were computed from that.
	Protocols []protocol.Protocol `json:"protocols"`
	Methods   []map[string]string `json:"methods"`
}

// variantResults is a variant up to its stages and metrics.
type variantResults struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Values map[string]any `json:"values,omitempty"`
	Seed   uint64         `json:"seed"`
}

// stageResults is what a stage did and cost; the fields of its record are
// empty if it did not get so far.
type stageResults struct {
	record.StageRef
	Plugin    string             `json:"plugin,omitempty"`
	Component string             `json:"component,omitempty"`
	Seconds   float64            `json:"seconds"`
	Items     int                `json:"items,omitempty"`
	Unit      string             `json:"unit,omitempty"`
	Warnings  []string           `json:"warnings,omitempty"`
	Facts     map[string]float64 `json:"facts,omitempty"`
	Machine   *int               `json:"machine,omitempty"` // among the results' machines
}

// metricResults is a metric that names its protocol and, in the place of what its record
// calls so, its method.
type metricResults struct {
	Evaluation string `json:"evaluation"`
	record.Metric
	Protocol int  `json:"protocol"`         // among the results' protocols
	Method   *int `json:"method,omitempty"` // among the results' methods
}

// WriteResults writes what results.json has of a run.
func WriteResults(w io.Writer, input Input) error { return writeResults(w, input, Build(input)) }

// writeResults writes every metric of a run with all that is known of it, a stage or a
// metric a line: indented, 500 variants would be 85 MB.
func writeResults(w io.Writer, input Input, report *Report) error {
	run, variants := input.Run, variantsOf(input)
	machines, methods := newShared[record.Machine](), newShared[map[string]string]()
	for _, v := range variants {
		for _, s := range v.stages {
			if s.record != nil {
				machines.add(s.record.Machine)
			}
		}
		for _, e := range v.evaluations {
			for _, m := range e.metrics {
				if m.Protocol != nil {
					methods.add(m.Protocol)
				}
			}
		}
	}
	protocols := protocolsOf(variants)
	all := results{
		Schema: resultsSchema, Name: run.Name, Description: run.Description, File: run.File, Command: run.Command,
		Started: run.Started, Seconds: run.Seconds, Baseline: run.Baseline,
		Versions: run.Versions, Machine: run.Machine, Alarms: report.Alarms, Notes: report.Notes,
		Machines: machines.all, Protocols: protocols.all(), Methods: methods.all,
	}
	if run.ID != "" {
		all.Run = run.FullName()
	}
	places := protocols.places
	out := newJSONLines(w)
	out.header(all, "variants")
	for i, v := range variants {
		out.separate(i)
		out.object(variantResults{ID: v.ID, Name: v.Name, Values: v.Values, Seed: v.Seed}, "stages")
		for j, s := range v.stages {
			out.separate(j)
			out.value(s.results(machines))
		}
		out.raw("\n],\"metrics\":[")
		count := 0
		for _, e := range v.evaluations {
			for _, m := range e.metrics {
				out.separate(count)
				out.value(metricResults{e.name, m, places[count], methods.place(m.Protocol)})
				count++
			}
		}
		places = places[count:]
		out.raw("\n]}")
	}
	out.raw("\n]}\n")
	return out.close()
}

func (s stage) results(machines *shared[record.Machine]) stageResults {
	found := stageResults{StageRef: s.StageRef}
	if r := s.record; r != nil {
		found.Plugin, found.Component = r.Plugin, r.Component
		found.Seconds, found.Items, found.Unit = r.Seconds, r.Items, r.Unit
		found.Warnings, found.Facts, found.Machine = r.Warnings, r.Facts, machines.place(r.Machine)
	}
	return found
}

// shared numbers values that are equal as JSON, in the order in which they were added.
type shared[T any] struct {
	all    []T
	places map[string]int
}

func newShared[T any]() *shared[T] { return &shared[T]{all: []T{}, places: map[string]int{}} }

func (s *shared[T]) add(value T) {
	key := jsonKey(value)
	if _, ok := s.places[key]; !ok {
		s.places[key] = len(s.all)
		s.all = append(s.all, value)
	}
}

// place is the number of a value, nil if it was not added.
func (s *shared[T]) place(value T) *int {
	if at, ok := s.places[jsonKey(value)]; ok {
		return &at
	}
	return nil
}

// jsonKey is a value as JSON, in which the keys of maps are sorted.
func jsonKey(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // structs and maps of strings and numbers
	}
	return string(text)
}
