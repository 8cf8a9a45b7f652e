package bundle

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Verdict is what came of a check.
type Verdict struct {
	Numbers []Number `json:"numbers"`
	// Other is what else does not agree, in words: the values of single prompts, a
	// stage that could not be measured again.
	Other []string `json:"other,omitempty"`
	// Remarks are no disagreement: metrics that are of another version here.
	Remarks []string `json:"remarks,omitempty"`
}

// Number is a metric as the bundle has it, and as it came out again.
type Number struct {
	Variant    string        `json:"variant,omitempty"`
	Stage      string        `json:"stage"`
	Metric     record.Metric `json:"metric"`
	Again      *float64      `json:"again"`
	AgainLow   *float64      `json:"again_low,omitempty"`
	AgainHigh  *float64      `json:"again_high,omitempty"`
	Agreement  Agreement     `json:"agreement"`
	Difference string        `json:"difference,omitempty"` // in words; empty if there is none
}

// Agreement is how two values of a number agree.
type Agreement string

// The agreements, from the best to the worst.
const (
	Same     Agreement = "same"      // bit by bit, or but for rounding in the last digits
	Within   Agreement = "within"    // another value, within the interval of the bundle's
	Unjudged Agreement = "unjudged"  // of a second run: another value, without an interval that says how far is far
	Beyond   Agreement = "beyond"    // another value, outside the interval, or from the same tables without one
	Unequal  Agreement = "unequal"   // one could not be computed, or is of other images
	NotFound Agreement = "not_found" // it was not measured again
)

// Agrees reports whether nothing differs by more than its interval.
func (v *Verdict) Agrees() bool {
	return len(v.Other) == 0 && !slices.ContainsFunc(v.Numbers, func(n Number) bool {
		return n.Agreement != Same && n.Agreement != Within && n.Agreement != Unjudged
	})
}

// Count is how many numbers agree in this way.
func (v *Verdict) Count(agreement Agreement) int {
	n := 0
	for _, number := range v.Numbers {
		if number.Agreement == agreement {
			n++
		}
	}
	return n
}

// Recompute works out every metric again, from the tables in the bundle.
func (b *Bundle) Recompute(ctx context.Context) (*Verdict, error) {
	v := &Verdict{}
	again := map[string]*record.Record{} // by key
	for _, r := range b.measures() {
		metrics, values, err := b.measureAgain(ctx, r, v)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			v.Other = append(v.Other, fmt.Sprintf("%s cannot be measured again: %v", r.Node, err))
			continue
		}
		again[r.Key] = &record.Record{Metrics: metrics}
		if why := b.otherValues(r, values); why != "" {
			v.Other = append(v.Other, why)
		}
	}
	b.eachMeasure(func(variant record.Variant, stage record.StageRef, r *record.Record) {
		if made := again[stage.Key]; made != nil {
			v.compare(variant.Name, stage.Node, r.Metrics, made.Metrics, sameTables)
		}
	})
	return v, nil
}

// Compare sets the metrics of a second run against the bundle's. Its images may
// be others, by another backend; so a number without an interval of its own is not judged.
func (b *Bundle) Compare(run *record.Run, records map[string]*record.Record) *Verdict {
	v := &Verdict{}
	type at struct{ variant, node string }
	again := map[at]*record.Record{}
	for _, variant := range run.Variants {
		for _, stage := range variant.Stages {
			if r := records[stage.Key]; r != nil {
				again[at{variant.Name, stage.Node}] = r
			}
		}
	}
	b.eachMeasure(func(variant record.Variant, stage record.StageRef, r *record.Record) {
		var metrics []record.Metric
		if made := again[at{variant.Name, stage.Node}]; made != nil {
			metrics = made.Metrics
		}
		v.compare(variant.Name, stage.Node, r.Metrics, metrics, secondRun)
	})
	return v
}

// eachMeasure visits the stages of the run that measure, and have a record.
func (b *Bundle) eachMeasure(visit func(record.Variant, record.StageRef, *record.Record)) {
	seen := map[string]bool{} // variants share stages
	for _, variant := range b.Run.Variants {
		for _, stage := range variant.Stages {
			if r := b.Records[stage.Key]; r != nil && (r.Kind == record.KindMeasure || r.Kind == record.KindWatch) && !seen[stage.Key] {
				seen[stage.Key] = true
				visit(variant, stage, r)
			}
		}
	}
}

func (b *Bundle) measures() []*record.Record {
	var all []*record.Record
	b.eachMeasure(func(_ record.Variant, _ record.StageRef, r *record.Record) { all = append(all, r) })
	return all
}

func (b *Bundle) measureAgain(ctx context.Context, r *record.Record, v *Verdict) ([]record.Metric, []dataset.PromptValue, error) {
	var config, version string
	var seed uint64
	inputs := map[string]string{}
	for _, part := range r.KeyParts {
		role, isInput := strings.CutPrefix(part.Name, "input ")
		switch {
		case part.Input && isInput:
			inputs[role] = part.Value
		case part.Name == "config":
			config = part.Value
		case part.Name == "stage":
			_, version, _ = strings.Cut(part.Value, " ")
		case part.Name == "seed":
			var err error
			if seed, err = strconv.ParseUint(part.Value, 16, 64); err != nil {
				return nil, nil, fmt.Errorf("its seed: %w", err)
			}
		}
	}
	work, err := plan.DecodeMeasure(r.Measure, []byte(config))
	if err != nil {
		return nil, nil, err
	}
	if here := plan.Version(work); here != version {
		remark := fmt.Sprintf("The measure %s has version %s in the bundle and %s here: numbers may differ for that alone.", r.Measure, version, here)
		if !slices.Contains(v.Remarks, remark) {
			v.Remarks = append(v.Remarks, remark)
		}
	}
	return work.Compute(ctx, &plan.MeasureInputs{Path: func(role string) (string, error) {
		digest, ok := inputs[role]
		if !ok {
			return "", fmt.Errorf("its record has no input %q", role)
		}
		if path := b.object(digest); path != "" {
			return path, nil
		}
		return "", fmt.Errorf("its input %q is not in the bundle", role)
	}}, seed)
}

// otherValues says how the values of single prompts differ from those of the bundle;
// empty if they do not.
func (b *Bundle) otherValues(r *record.Record, again []dataset.PromptValue) string {
	output, ok := r.Outputs[plan.Values]
	if !ok {
		return ""
	}
	rows, err := table.ReadAll[dataset.PromptValue](filepath.Join(b.Dir, filepath.FromSlash(objectsDir), output.Digest))
	if err != nil {
		return fmt.Sprintf("the values of %s: %v", r.Node, err)
	}
	if len(rows) != len(again) {
		return fmt.Sprintf("the values of %s are of %d prompts, and of %d again", r.Node, len(rows), len(again))
	}
	for i, row := range rows {
		other := again[i]
		value := other.Value
		other.Value = row.Value
		if row != other || !near(row.Value, value) {
			return fmt.Sprintf("the value of %s at the prompt %q in %s is %v, and %v again", row.Metric, row.Prompt, r.Node, row.Value, value)
		}
	}
	return ""
}
