package record

import "github.com/plumb-ml/plumb/core/diag"

// Stage says what a stage is about. Its name in the plan says the same to people;
// nobody reads it out of the name.
type Stage struct {
	Kind       Kind   `json:"kind"`
	Evaluation string `json:"evaluation,omitempty"` // the evaluate block that it belongs to
	// Measure is what a measure stage measures, a row of the table of measures in
	// package metric. Stages that are made for one measure alone have it, too, such
	// as those that draw and choose images for best_of.
	Measure  string `json:"measure,omitempty"`
	Subject  string `json:"subject,omitempty"`  // the model, image set, labels or component that it is about
	Versus   string `json:"versus,omitempty"`   // of stages about two models: the one that the subject is compared with
	Choice   Choice `json:"choice,omitempty"`   // which of the subject's images, where it is not all that the evaluation has of a model
	Reward   string `json:"reward,omitempty"`   // the reward that it fits, scores with, tunes by or chooses by
	Step     int    `json:"step,omitempty"`     // of stages about a finetune while it is tuned: after how many steps
	Baseline string `json:"baseline,omitempty"` // of measure stages: the model that the evaluation compares others with
}

// Status says how far a stage of a run is.
type Status string

// What a stage is at the end of a run, and, of one that goes on or was killed, what
// it is meanwhile.
const (
	Pending     Status = ""            // its turn has not come yet
	Running     Status = "running"     // it is under way
	Done        Status = "done"        // it worked in this run, and has a record
	Cached      Status = "cached"      // it has a record from before
	Failed      Status = "failed"      // the diagnostics say why
	Waiting     Status = "waiting"     // people have to do something first; the diagnostics say what
	NotRun      Status = "not_run"     // something that it needs failed or waits
	Left        Status = "left"        // it, or something that it needs, is not done and was not asked for
	Interrupted Status = "interrupted" // the run was stopped before it was finished
)

// StageRef is a stage of a variant.
type StageRef struct {
	Node   string `json:"node"` // the name that the variant has for it
	Key    string `json:"key"`  // empty if the stage did not get so far
	Status Status `json:"status,omitempty"`
	// Needs is, of a stage that was not run, the stage of this variant that failed
	// or waits.
	Needs       string    `json:"needs,omitempty"`
	Diagnostics diag.List `json:"diagnostics,omitempty"`
	Stage
}
