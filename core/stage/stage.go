package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Job is one stage to do.
type Job struct {
	Node       *plan.Node
	Inputs     map[string]string // by role: the path of a table or of a checkpoint's directory
	Outputs    Outputs
	Scratch    string // a directory of the stage's own that outlives a kill; unfinished work may live here
	Components Components
	Backend    string         // compute backend, as it was resolved
	Report     func(Progress) // called often, from one goroutine at a time; must not block
	// Repaired is told what was found damaged of what the stage, or a component, had
	// kept, and is made again: a sentence. It may be called from several goroutines;
	// nil: nobody listens.
	Repaired func(text string)
}

// Outputs is where a stage puts what it makes. *store.Work is one.
type Outputs interface {
	File(name string) string                    // a path to write a file at
	Dir(name string) string                     // an empty directory to fill
	PutFile(name string) (record.Output, error) // the file is complete
	PutDir(name string) (record.Output, error)  // the directory is complete
}

// Components opens instances. *plugin.Host does; *client.Client does in tests.
// The instance holds what it hands out against the contract, and its errors
// are a diag.List where the user can do something about them.
type Components interface {
	Open(ctx context.Context, request client.OpenRequest) (*client.Instance, error)
}

// Progress is how far a stage is.
type Progress struct {
	Done, Total int                // Total is 0 if it is not known
	Unit        string             // "images" or "steps"
	Values      map[string]float64 // of a training, at step Done; one that has diverged has what is no number
	Busy        string             // what keeps the stage from getting on, in words: "a program is being compiled, 12 s"; empty: nothing does
}

// Result is what a stage made.
type Result struct {
	Outputs  map[string]record.Output // by role, such as plan.Images
	Metrics  []record.Metric
	Warnings []string
	Items    int
	Unit     string
	Facts    map[string]float64
}

// Run does one stage. Its error is a diag.List where the user can do
// something about it.
func Run(ctx context.Context, job Job) (*Result, error) {
	if job.Report == nil {
		job.Report = func(Progress) {}
	}
	if job.Repaired == nil {
		job.Repaired = func(string) {}
	}
	ctx = sdk.WithRepairs(job.hearBusy(ctx), job.Repaired)
	ctx, collected, err := job.collectWarnings(ctx)
	if err != nil {
		return nil, err
	}
	result, err := work(ctx, job)
	if err != nil {
		return nil, err
	}
	warned, err := collected.all()
	for _, text := range warned {
		if !slices.Contains(result.Warnings, text) {
			result.Warnings = append(result.Warnings, text)
		}
	}
	return result, err
}

// with opens the job's instance, uses it, and closes it. An instance is closed
// even if ctx has ended: it may hold gigabytes of a shared device.
func (job Job) with(ctx context.Context, use func(*client.Instance) error) error {
	of := job.Node.Instance
	instance, err := job.Components.Open(ctx, client.OpenRequest{
		Kind: of.Kind, Component: of.Provided(), Name: of.Name, Described: of.Identity.Component,
		OpenRequest: sdk.OpenRequest{
			Config: of.Config, Checkpoint: job.Inputs[of.Checkpoint], Seed: of.Seed, Backend: job.Backend,
		},
	})
	if err != nil {
		return err
	}
	err = job.advise(use(instance))
	if closing := instance.Close(context.WithoutCancel(ctx)); closing != nil && err == nil {
		err = fmt.Errorf("close %s %q: %w", of.Kind, of.Name, closing)
	}
	return err
}

// advise adds to the diagnostics of an answer that is no number what the plan
// knows: in which stage the weights behind it were trained.
func (job Job) advise(err error) error {
	var broken *client.NotFinite
	var said diag.List
	if !errors.As(err, &broken) || !errors.As(err, &said) {
		return err
	}
	var trained []string
	for _, input := range job.Node.Inputs {
		if input.Output == plan.Checkpoint {
			trained = append(trained, input.Node.Label)
		}
	}
	if len(trained) == 0 {
		return err
	}
	said = slices.Clone(said)
	said[0].Detail += fmt.Sprintf(" Look at the training curve of %s: if it jumps or rises at the end, a lower learning rate helps.", strings.Join(trained, " and "))
	return said
}

// input is the path of an input that the plan promised.
func (job Job) input(role string) (string, error) {
	path, ok := job.Inputs[role]
	if !ok {
		return "", fmt.Errorf("stage %s lacks its input %q", job.Node.Name, role)
	}
	return path, nil
}

// table finishes a table: it becomes an output under its role.
func (job Job) table(result *Result, role string, rows int) error {
	output, err := job.Outputs.PutFile(role + ".parquet")
	if err != nil {
		return err
	}
	output.Rows = rows
	if result.Outputs == nil {
		result.Outputs = map[string]record.Output{}
	}
	result.Outputs[role] = output
	return nil
}

// images finishes the images table.
func (job Job) images(result *Result, rows int, size *sizes) error {
	err := job.table(result, plan.Images, rows)
	if err == nil {
		output := result.Outputs[plan.Images]
		output.Size = size.String()
		result.Outputs[plan.Images] = output
	}
	return err
}

func (job Job) tablePath(role string) string { return job.Outputs.File(role + ".parquet") }
