package reports

import (
	"io"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// bookRun is a run in the file of numbers beside a book: what its tables are means
// of, seed by seed.
type bookRun struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	File        string            `json:"file"`
	Command     string            `json:"command"`
	Baseline    string            `json:"baseline,omitempty"`
	Versions    map[string]string `json:"versions,omitempty"`
	Machine     record.Machine    `json:"machine"`
}

type bookVariant struct {
	Name   string         `json:"name"`
	Values map[string]any `json:"values,omitempty"`
	Seed   uint64         `json:"seed"`
}

// bookNumber is a metric without its protocol, which results.json of the run has.
type bookNumber struct {
	Evaluation string        `json:"evaluation"`
	Name       string        `json:"name"`
	Subject    string        `json:"subject"`
	Choice     record.Choice `json:"choice,omitempty"`
	Versus     string        `json:"versus,omitempty"`
	Reward     string        `json:"reward,omitempty"`
	Part       string        `json:"part,omitempty"`
	Encoder    string        `json:"encoder,omitempty"`
	// Perturbation and Bin are as in record.Metric.
	Perturbation string   `json:"perturbation,omitempty"`
	Bin          int      `json:"bin,omitempty"`
	Category     string   `json:"category,omitempty"`
	Split        string   `json:"split,omitempty"`
	Value        *float64 `json:"value"`
	Low          *float64 `json:"low,omitempty"`
	High         *float64 `json:"high,omitempty"`
	N            int      `json:"n"`
	Clusters     int      `json:"clusters"`
	Note         string   `json:"note,omitempty"`
}

// writeBookNumbers writes the numbers of every variant and seed as JSON, a number a
// line: all that concern all prompts, a split or, of good images, a category.
func writeBookNumbers(w io.Writer, inputs []Input) error {
	out := newJSONLines(w)
	out.raw("[")
	for i, input := range inputs {
		run := input.Run
		out.separate(i)
		out.object(bookRun{run.Name, run.Description, run.File, run.Command, run.Baseline, run.Versions, run.Machine}, "variants")
		for j, v := range variantsOf(input) {
			out.separate(j)
			out.object(bookVariant{v.Name, v.Values, v.Seed}, "numbers")
			count := 0
			for _, e := range v.evaluations {
				for _, m := range e.metrics {
					if m.Category != "" && m.Name != metric.GoodShare {
						continue
					}
					out.separate(count)
					count++
					out.value(bookNumber{
						e.name, m.Name, m.Subject, m.Choice, m.Versus, m.Reward, m.Part, m.Encoder, m.Perturbation, m.Bin, m.Category, m.Split,
						m.Value, m.Low, m.High, m.N, m.Clusters, m.Note,
					})
				}
			}
			out.raw("\n]}")
		}
		out.raw("\n]}")
	}
	out.raw("\n]\n")
	return out.close()
}
