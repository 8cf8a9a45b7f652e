// Package record holds what stages did: immutable records, and their codec.
//
// A record is written once, when a stage has finished, and never changed.
// Reports are made from records alone.
package record

import "time"

// Record is what one stage did.
type Record struct {
	Key       string             `json:"key"`  // sha256 of KeyParts, hex
	Kind      string             `json:"kind"` // "sample", "import", "rate", "compare", "fit", "prepare", "score", "choose", "tune", "encode", "measure"
	Node      string             `json:"node"` // the stage's name in the plan, such as "tune/full"
	KeyParts  []KeyPart          `json:"key_parts"`
	Outputs   map[string]Output  `json:"outputs"` // by role: "images", "labels", "comparisons", "checkpoint", "curve", "scores", "features", "values"
	Metrics   []Metric           `json:"metrics,omitempty"`
	Warnings  []string           `json:"warnings,omitempty"`
	Started   time.Time          `json:"started"`
	Seconds   float64            `json:"seconds"`
	Items     int                `json:"items"` // images or steps worked through
	Unit      string             `json:"unit"`  // what Items counts: "images", "steps"
	Plugin    string             `json:"plugin,omitempty"`
	Component string             `json:"component,omitempty"`
	Facts     map[string]float64 `json:"facts,omitempty"`    // numbers a report prints beside the metrics, such as the judge's accuracy
	Machine   Machine            `json:"machine"`            // where it ran; not part of the key
	Versions  map[string]string  `json:"versions,omitempty"` // of plumb, Go and the libraries
}

// KeyPart is one line of a key, in order.
type KeyPart struct {
	Name  string `json:"name"`  // such as "config", "input images", "component"
	Value string `json:"value"` // as it is printed by `plumb explain`
}

// Output is a file or directory in the store.
type Output struct {
	Digest string `json:"digest"` // sha256 of the content, hex
	Bytes  int64  `json:"bytes"`
	Rows   int    `json:"rows,omitempty"` // of a table
	Dir    bool   `json:"dir,omitempty"`  // a directory: the digest is that of its listing
}

// Machine is the hardware and backend of a stage.
type Machine struct {
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	CPUs    int    `json:"cpus"`
	Backend string `json:"backend,omitempty"`
	Device  string `json:"device,omitempty"`
}

// Metric is one measured number with all that is needed to trust it.
type Metric struct {
	Name     string            `json:"name"`               // such as "good_share", "win_share", "fid", "reward_accuracy"
	Subject  string            `json:"subject"`            // the model or reward that is measured
	Versus   string            `json:"versus,omitempty"`   // what it is compared with
	By       string            `json:"by,omitempty"`       // the reward, rater or encoder that measures
	Category string            `json:"category,omitempty"` // a prompt category; empty: all
	Split    string            `json:"split,omitempty"`    // "seen", "unseen"; empty: both
	Value    *float64          `json:"value"`              // nil: could not be computed, Note says why
	Low      *float64          `json:"low,omitempty"`      // bounds of the 95 % interval; nil if there is none
	High     *float64          `json:"high,omitempty"`
	N        int               `json:"n"`                // images, pairs or votes behind the value
	Clusters int               `json:"clusters"`         // prompts behind the value: the unit of resampling
	Unit     string            `json:"unit,omitempty"`   // "share", "points", "" for plain numbers
	Better   string            `json:"better,omitempty"` // "higher" or "lower"
	Protocol map[string]string `json:"protocol,omitempty"`
	Note     string            `json:"note,omitempty"`
}

// Run is one run of an experiment or ablation: which records it is made of.
type Run struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	File        string            `json:"file"`
	Command     string            `json:"command"` // to run it again
	Started     time.Time         `json:"started"`
	Seconds     float64           `json:"seconds"`
	Baseline    string            `json:"baseline,omitempty"` // the variant the others are compared with
	Variants    []Variant         `json:"variants"`
	Versions    map[string]string `json:"versions,omitempty"`
	Machine     Machine           `json:"machine"`
}

// Variant is one row of an ablation's table, or an experiment alone.
type Variant struct {
	ID     string         `json:"id"`     // sha256 of the resolved configuration, first 12 hex digits
	Name   string         `json:"name"`   // such as "auxiliary_weight=0.5 seed=2"; empty for an experiment alone
	Values map[string]any `json:"values"` // of the varied variables
	Seed   uint64         `json:"seed"`
	Stages []StageRef     `json:"stages"`
}

// StageRef is a stage of a variant.
type StageRef struct {
	Node   string `json:"node"`
	Key    string `json:"key"` // empty if the stage did not get so far
	Cached bool   `json:"cached"`
	Error  string `json:"error,omitempty"`
}
