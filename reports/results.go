package reports

import (
	"encoding/json"
	"io"
	"time"

	"github.com/plumb-ml/plumb/core/protocol"
	"github.com/plumb-ml/plumb/core/record"
)

// results is the content of results.json.
type results struct {
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
	// Protocols say how numbers were made, by the names that metrics have them under.
	Protocols map[string]protocol.Protocol `json:"protocols"`
	Variants  []variantResults             `json:"variants"`
}

type variantResults struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Values  map[string]any  `json:"values,omitempty"`
	Seed    uint64          `json:"seed"`
	Stages  []stageResults  `json:"stages"`
	Metrics []metricResults `json:"metrics"`
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
	Machine   *record.Machine    `json:"machine,omitempty"`
}

type metricResults struct {
	Evaluation string `json:"evaluation"`
	// Made is which of the protocols the number has.
	Made string `json:"made,omitempty"`
	record.Metric
}

// writeResults writes every metric of a run with all that is known of it.
func writeResults(w io.Writer, input Input, report *Report) error {
	run := input.Run
	all := results{
		Name: run.Name, Description: run.Description, File: run.File, Command: run.Command,
		Started: run.Started, Seconds: run.Seconds, Baseline: run.Baseline,
		Versions: run.Versions, Machine: run.Machine, Alarms: report.Alarms, Notes: report.Notes,
		Protocols: map[string]protocol.Protocol{}, Variants: []variantResults{},
	}
	made := &protocols{byText: map[string]int{}}
	if run.ID != "" {
		all.Run = run.FullName()
	}
	for _, v := range variantsOf(input) {
		one := variantResults{ID: v.ID, Name: v.Name, Values: v.Values, Seed: v.Seed, Stages: []stageResults{}, Metrics: []metricResults{}}
		for _, s := range v.stages {
			stage := stageResults{StageRef: s.StageRef}
			if r := s.record; r != nil {
				stage.Plugin, stage.Component = r.Plugin, r.Component
				stage.Seconds, stage.Items, stage.Unit = r.Seconds, r.Items, r.Unit
				stage.Warnings, stage.Facts, stage.Machine = r.Warnings, r.Facts, &r.Machine
			}
			one.Stages = append(one.Stages, stage)
		}
		trace := v.trace()
		for _, e := range v.evaluations {
			for i, m := range e.metrics {
				one.Metrics = append(one.Metrics, metricResults{e.name, made.add(trace, e, i), m})
			}
		}
		all.Variants = append(all.Variants, one)
	}
	for _, one := range made.list {
		all.Protocols[one.id] = one.Protocol
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}
