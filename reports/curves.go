package reports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// curvePoints is about how many points of a curve are drawn; noisier ones are
// averaged in bins of equal length.
const curvePoints = 120

// curveNames is how many different lines a panel holds; a legend of more is
// unreadable.
const curveNames = 8

// Curves is the losses of every training, a panel for each kind of training and
// term of its objective, since their scales differ.
type Curves []*CurvePanel

// CurvePanel is one loss of one kind of training, a line for each stage. Lines
// of the same name, such as one stage under several seeds, share a colour.
type CurvePanel struct {
	Title string
	Names []string // of the lines, each once
	Lines []CurveLine
	Left  []string // names that did not fit
}

// CurveLine is one training's loss by step.
type CurveLine struct {
	Name   string
	Points []Point
}

// Point is a place in a plot.
type Point struct{ X, Y float64 }

// curvesOf reads the curves of a run's trainings; there are none if it has none.
func curvesOf(ctx context.Context, input Input) (Curves, error) {
	if input.Open == nil {
		return nil, nil
	}
	var curves Curves
	variants := variantsOf(input)
	drawn := map[string]bool{}
	for _, v := range variants {
		for _, s := range v.stages {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if s.record == nil || drawn[s.Key] || v.continued(s) {
				continue
			}
			output, ok := s.record.Outputs["curve"]
			if !ok {
				continue
			}
			drawn[s.Key] = true
			path, err := input.Open(output)
			if err != nil {
				return nil, fmt.Errorf("open the curve of %s: %w", s.Node, err)
			}
			points, err := table.ReadAll[dataset.CurvePoint](path)
			if err != nil {
				return nil, fmt.Errorf("read the curve of %s: %w", s.Node, err)
			}
			name := s.Subject
			if s.Kind == record.KindFit && s.Reward == "" { // an encoder or a rater may be called like a reward
				name += " (" + s.record.Component + ")"
			}
			if len(variants) > 1 {
				name = labelled(name, v.label)
			}
			curves.add(s.Kind, name, points)
		}
	}
	return curves, nil
}

// trainings is what a panel calls a kind of training.
var trainings = map[record.Kind]string{record.KindTune: "fine-tuning", record.KindKeep: "fine-tuning", record.KindFit: "fitting"}

// continued reports whether the curve of a part of a tuning is in that of a later stage.
func (v variant) continued(part stage) bool {
	return part.Step > 0 && slices.ContainsFunc(v.stages, func(s stage) bool {
		return s.record != nil && s.Subject == part.Subject && (s.Kind == record.KindKeep || s.Kind == record.KindTune && s.Step > part.Step)
	})
}

// add adds the losses of one stage to the panels they belong to.
func (c *Curves) add(kind record.Kind, stage string, points []dataset.CurvePoint) {
	byTerm := map[string][]Point{} // the whole objective's under ""
	for _, point := range points {
		term, isLoss := point.LossTerm()
		if !isLoss || math.IsNaN(point.Value) || math.IsInf(point.Value, 0) {
			continue
		}
		byTerm[term] = append(byTerm[term], Point{X: float64(point.Step), Y: point.Value})
	}
	for _, term := range slices.Sorted(maps.Keys(byTerm)) {
		title := trainings[kind] + ": " + cmp.Or(term, "loss")
		at := slices.IndexFunc(*c, func(p *CurvePanel) bool { return p.Title == title })
		if at < 0 {
			at = len(*c)
			*c = append(*c, &CurvePanel{Title: title})
		}
		(*c)[at].add(CurveLine{stage, binned(byTerm[term])})
	}
}

func (c *CurvePanel) add(line CurveLine) {
	if !slices.Contains(c.Names, line.Name) {
		if len(c.Names) == curveNames {
			if !slices.Contains(c.Left, line.Name) {
				c.Left = append(c.Left, line.Name)
			}
			return
		}
		c.Names = append(c.Names, line.Name)
	}
	c.Lines = append(c.Lines, line)
}

// binned averages a curve over bins of steps.
func binned(points []Point) []Point {
	slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(a.X, b.X) })
	size := (len(points) + curvePoints - 1) / curvePoints
	var means []Point
	for bin := range slices.Chunk(points, max(1, size)) {
		var mean Point
		for _, point := range bin {
			mean.X += point.X / float64(len(bin))
			mean.Y += point.Y / float64(len(bin))
		}
		means = append(means, mean)
	}
	return means
}
