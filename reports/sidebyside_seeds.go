package reports

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// ComparedSeeds is the difference of a number from the baseline run's over the seeds of
// an ablation's setting, paired by seed: what another seed would bring is in its interval.
type ComparedSeeds struct {
	Run        string     `json:"run"`
	Setting    string     `json:"setting,omitempty"` // the varied values but for the seed
	Evaluation string     `json:"evaluation"`
	Subject    string     `json:"subject"`
	Metric     string     `json:"metric"` // that the difference is of
	Reward     string     `json:"reward,omitempty"`
	Seeds      []float64  `json:"seeds"` // the difference under each
	Difference *float64   `json:"difference"`
	Low        *float64   `json:"low,omitempty"`
	High       *float64   `json:"high,omitempty"`
	P          *float64   `json:"p,omitempty"` // after Holm's correction over all of one evaluation
	Conclusion Conclusion `json:"conclusion"`

	cell   Cell
	number ComparedNumber // one of them
}

// overSeeds gathers the numbers of settings that were compared under two seeds or more.
func (c *comparer) overSeeds() {
	type key struct{ run, setting, evaluation, subject, metric, reward string }
	at := map[key]int{}
	var units []record.Unit
	for _, n := range c.Numbers {
		if n.theirs == nil || n.Value == nil || n.Split != "" || !n.sameSeed {
			continue
		}
		k := key{n.Run, n.setting, n.Evaluation, n.Subject, n.Metric, n.Reward}
		position, known := at[k]
		if !known {
			position = len(c.Seeds)
			at[k] = position
			c.Seeds = append(c.Seeds, ComparedSeeds{Run: n.Run, Setting: n.setting, Evaluation: n.Evaluation, Subject: n.Subject, Metric: n.Metric, Reward: n.Reward, number: n})
			units = append(units, n.Unit)
		}
		difference := *n.Value - *n.theirs
		if n.Unit == record.Share { // in points
			difference *= 100
		}
		c.Seeds[position].Seeds = append(c.Seeds[position].Seeds, difference)
	}
	families := map[string]*family{}
	var kept []ComparedSeeds
	for i, s := range c.Seeds {
		// Where no seed differs at all, both are of the same stages.
		if len(s.Seeds) < 2 || !slices.ContainsFunc(s.Seeds, func(d float64) bool { return d != 0 }) {
			continue
		}
		unit := units[i]
		if unit == record.Share {
			unit = record.Points
		}
		row, _ := metric.Define(s.Metric)
		s.cell = seedCell(s.Seeds, unit)
		s.Difference, s.Low, s.High = s.cell.Value, s.cell.Low, s.cell.High
		s.cell.Comparison = &Comparison{Baseline: c.Baseline, Difference: s.Difference, Low: s.Low, High: s.High, Unit: unit, Better: row.Better}
		if p, err := stats.StudentTest(s.Seeds); err == nil {
			s.cell.Comparison.Test = "paired t test over the seeds"
			if families[s.Evaluation] == nil {
				families[s.Evaluation] = &family{}
			}
			families[s.Evaluation].add(s.cell.Comparison, p)
		}
		kept = append(kept, s)
	}
	for _, tested := range families {
		tested.correct()
	}
	for i := range kept {
		kept[i].P, kept[i].Conclusion = kept[i].cell.Comparison.P, kept[i].cell.Comparison.Conclusion()
	}
	c.Seeds = kept
}

// seedsTable has a row for each difference over seeds.
func (s *SideBySide) seedsTable(evaluation string) Table {
	run, setting := s.otherRun(), Column{Key: ColumnKey{Field: FieldVariable, Variable: "variant"}, Title: "variant"}
	subject, what, seeds := wordColumn(FieldSubject, "of"), wordColumn(FieldQuantity, "measure"), wordColumn(FieldSeeds, "seeds")
	number := Column{Key: ColumnKey{Field: FieldNumber}, Title: "difference"}
	t := Table{ID: "seeds", Title: evaluation + ": differences from " + s.Baseline + " over seeds", Evaluation: evaluation, Claim: "Over the seeds",
		Columns: []Column{run, setting, subject, what, seeds, number, pOf(number), conclusionOf(number)}}
	for _, one := range s.Seeds {
		if one.Evaluation != evaluation {
			continue
		}
		row := Row{Subject: one.Subject, Headline: true}
		row.put(run, text(one.Run))
		row.put(setting, text(one.Setting))
		row.put(subject, text(one.Subject))
		row.put(what, text(one.number.title()))
		row.put(seeds, text(fmt.Sprint(len(one.Seeds))))
		row.put(number, one.cell)
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) > 0 {
		t.note("Paired by seed; shares in points.")
	}
	return t
}
