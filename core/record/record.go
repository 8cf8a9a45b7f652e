// Package record holds what stages did: immutable records, and their codec.
//
// A record is written once, when a stage has finished, and never changed.
// Reports are made from records alone.
package record

import "time"

// Record is what one stage did.
type Record struct {
	Key  string `json:"key"`           // sha256 of KeyParts, hex
	Node string `json:"node"`          // the stage's name in the plan that made it, such as "tune/full"
	Run  string `json:"run,omitempty"` // the full name of the run that made it; later ones may need it, too
	Stage
	Pace      string             `json:"pace,omitempty"` // stages of one kind and pace take times in proportion to their items
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
	Resizing  string             `json:"resizing,omitempty"` // how the component brings images to its size, in words
	Facts     map[string]float64 `json:"facts,omitempty"`    // numbers a report prints beside the metrics, such as the judge's accuracy
	Machine   Machine            `json:"machine"`            // where it ran; not part of the key
	Versions  map[string]string  `json:"versions,omitempty"` // of plumb, Go and the libraries
}

// MeanReward is a fact of a fine-tuning: the mean score of the images that it weighs.
const MeanReward = "mean_reward"

// The facts of a stage that sets two models' images side by side, beside those of its
// rater: how many pairs there are, how many of them are of the same image, and the share
// of ties among all choices.
const (
	Pairs          = "pairs"
	IdenticalPairs = "identical_pairs"
	TieShare       = "tie_share"
)

// Facts of a finetune that was watched while it was tuned: the step whose model it is, and
// the last one that was tuned.
const (
	KeptStep = "kept_step"
	LastStep = "last_step"
)

// KeyPart is one line of a key, in order.
type KeyPart struct {
	Name  string `json:"name"`  // such as "config", "input images", "component"
	Value string `json:"value"` // as it is printed by `plumb explain`
	// Input says that the value is the digest of an output that the stage reads. It is
	// not hashed: the name says the same.
	Input bool `json:"input,omitempty"`
}

// Inputs are the digests of what the stage read, in the order of its key.
func (r *Record) Inputs() []string {
	var digests []string
	for _, part := range r.KeyParts {
		if part.Input {
			digests = append(digests, part.Value)
		}
	}
	return digests
}

// Output is a file or directory in the store.
type Output struct {
	Digest string `json:"digest"` // sha256 of the content, hex
	Bytes  int64  `json:"bytes"`
	Rows   int    `json:"rows,omitempty"` // of a table
	Dir    bool   `json:"dir,omitempty"`  // a directory: the digest is that of its listing
	// Size is that of an images table's images in pixels, "512 x 512", or of the
	// smallest and the largest, "320 x 200 to 640 x 480".
	Size string `json:"size,omitempty"`
}

// Machine is the hardware and backend of a stage.
type Machine struct {
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	CPUs    int    `json:"cpus"`
	Backend string `json:"backend,omitempty"`
	Device  string `json:"device,omitempty"`
	// Compiler is what made code for the device, and for which kind of it: a PJRT
	// plugin with its digest. Empty if nothing does.
	Compiler string `json:"compiler,omitempty"`
}
