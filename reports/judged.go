package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/protocol"
	"github.com/plumb-ml/plumb/core/record"
)

// verdictQuestions are what a verdict answers of each model, in order: a number, its
// difference from the baseline's, and the p value of that. A number of its own is "" where
// there is only the comparison.
var verdictQuestions = []struct{ value, difference, p string }{
	{metric.GoodShare, metric.GoodShareDifference, metric.GoodShareDifferenceP},
	{"", metric.WinMinusLose, metric.WinMinusLoseP},
	{metric.AverageRewardMean, metric.AverageRewardDifference, metric.AverageRewardDifferenceP},
	{metric.FID, metric.FIDDifference, metric.FIDDifferenceP},
	{metric.KID, metric.KIDDifference, metric.KIDDifferenceP},
	{metric.CMMD, metric.CMMDDifference, metric.CMMDDifferenceP},
	{metric.PairwiseDistance, metric.PairwiseDistanceDifference, metric.PairwiseDistanceDifferenceP},
	{metric.VendiScore, metric.VendiScoreDifference, metric.VendiScoreDifferenceP},
}

// Judgement is the verdict on the models of an experiment's evaluations: every number
// that was measured of each over all prompts, by how much it differs from the baseline's,
// and what that comes to.
type Judgement struct {
	Run     string           `json:"run"`
	Numbers []ComparedNumber `json:"numbers"`
	// Protocols are those of the numbers, which name them by their places.
	Protocols []protocol.Protocol `json:"protocols"`

	made *protocols
}

// Judge compares the models of a run. Differences between images that are unlike, such
// as of another size, are refused.
func Judge(input Input) *Judgement {
	j := &Judgement{Run: input.Run.FullName(), Numbers: []ComparedNumber{}, made: newProtocols()}
	for _, v := range variantsOf(input) {
		trace := v.trace()
		for _, e := range v.evaluations {
			var tested family
			from := len(j.Numbers)
			for _, name := range e.models {
				j.judge(&tested, trace, v, e, name)
			}
			tested.correct()
			for i := from; i < len(j.Numbers); i++ {
				for at := range j.Numbers[i].Compared {
					d := &j.Numbers[i].Compared[at]
					d.P, d.Conclusion = d.comparison.P, d.comparison.Conclusion()
				}
			}
		}
	}
	j.Protocols = j.made.all()
	return j
}

// judge adds the numbers of one model of an evaluation.
func (j *Judgement) judge(tested *family, trace *protocol.Trace, v variant, e evaluation, model string) {
	for _, q := range verdictQuestions {
		for _, reward := range append([]string{""}, e.scorers()...) {
			by := []condition{drawn(record.All), func(m *record.Metric) bool { return m.Reward == reward && m.Part == "" }}
			find := func(name string, more ...condition) *record.Metric {
				return e.find(name, part{}, append(more, by...)...)
			}
			compared := find(q.difference, of(model), against(e.baseline))
			var own *record.Metric
			if q.value != "" {
				own = find(q.value, of(model))
			}
			if own == nil && compared == nil {
				continue
			}
			number := ComparedNumber{Run: j.Run, Variant: v.Name, Evaluation: e.name, Subject: model, Metric: q.value, Reward: reward}
			shown := own // whose protocol it is
			if own != nil {
				number.Value, number.Low, number.High, number.N, number.Clusters, number.Unit, number.Note = own.Value, own.Low, own.High, own.N, own.Clusters, own.Unit, own.Note
			} else {
				number.Metric, number.N, number.Clusters = q.difference, compared.N, compared.Clusters
				shown = e.find(metric.GoodShare, part{}, of(model), drawn(record.All))
			}
			if at := e.position(shown); at >= 0 {
				number.Protocol = j.made.add(trace, e, at)
			}
			if model != e.baseline && compared != nil {
				number.Against = e.baseline
				theirs := find(q.value, of(e.baseline))
				if own == nil {
					theirs = e.find(metric.GoodShare, part{}, of(e.baseline), drawn(record.All))
				}
				if number.Unlike = unlikeWithin(trace, e, theirs, shown); len(number.Unlike) > 0 {
					number.Refused = true
				} else {
					number.Compared = []ComparedDifference{testedDifference(tested, compared, find(q.p, of(model), against(e.baseline)))}
				}
			}
			j.Numbers = append(j.Numbers, number)
		}
	}
}

// testedDifference is a difference, whose p value goes into the family.
func testedDifference(tested *family, difference, p *record.Metric) ComparedDifference {
	d := ComparedDifference{
		Metric: difference.Name, Difference: difference.Value, Low: difference.Low, High: difference.High, Unit: difference.Unit, N: difference.N,
		Interval: difference.Protocol["interval"], Note: difference.Note, comparison: comparisonOf(difference),
	}
	switch {
	case p == nil:
	case p.Value != nil:
		d.Test = p.Protocol["test"]
		d.comparison.Test = d.Test
		tested.add(d.comparison, *p.Value)
	case d.Note == "":
		d.Note = p.Note
	}
	return d
}

// position is that of a metric of the evaluation; -1 if it is none.
func (e evaluation) position(m *record.Metric) int {
	for i := range e.metrics {
		if &e.metrics[i] == m {
			return i
		}
	}
	return -1
}

// unlikeWithin says in what a model's images are unlike the baseline's of the same
// evaluation, so that they may not be compared; nil if they may. That images of a folder
// have no seeds, or were resized when they were read, is known and no reason.
func unlikeWithin(trace *protocol.Trace, e evaluation, theirs, own *record.Metric) []protocol.Difference {
	one, other := e.position(theirs), e.position(own)
	if one < 0 || other < 0 {
		return nil
	}
	return slices.DeleteFunc(protocol.Unlike(trace.Protocol(e.sources[one], theirs), trace.Protocol(e.sources[other], own)), func(d protocol.Difference) bool {
		return d.Weight != protocol.Refuse || d.Name == "resizing"
	})
}

// Refused counts the comparisons that were refused.
func (j *Judgement) Refused() int {
	n := 0
	for _, number := range j.Numbers {
		if number.Refused {
			n++
		}
	}
	return n
}

// Report is the verdict in a table for each evaluation.
func (j *Judgement) Report() *Report {
	r := &Report{Title: "Verdict"}
	names, values := j.made.lines()
	for i, name := range names {
		r.Protocols = append(r.Protocols, name+": "+values[i]+".")
	}
	var refused saying
	for _, number := range j.Numbers {
		at := slices.IndexFunc(r.Tables, func(t Table) bool { return t.Evaluation == number.Evaluation })
		if at < 0 {
			at = len(r.Tables)
			r.Tables = append(r.Tables, Table{ID: "verdict", Title: "Models, and how they differ from the first", Evaluation: number.Evaluation, Lead: true, Columns: verdictColumns()})
		}
		r.Tables[at].Rows = append(r.Tables[at].Rows, number.verdictRow(r.Tables[at].Columns))
		if number.Refused {
			var words []string
			for _, d := range number.Unlike {
				words = append(words, d.String())
			}
			refused.add(fmt.Sprintf("Refused, %s is unlike %s in %s. Give all models one size (--size 512), and images of folders as many of each prompt as are drawn", number.Subject, number.Against, strings.Join(words, "; ")), number.title())
		}
	}
	for i := range r.Tables {
		r.Tables[i].explain()
	}
	for i, words := range refused.words {
		r.Notes = append(r.Notes, words+" ("+few(refused.of[i])+").")
	}
	return r
}

func verdictColumns() []Column {
	number := Column{Key: ColumnKey{Field: FieldNumber}, Title: "difference"}
	return []Column{wordColumn(FieldSubject, "model"), wordColumn(FieldQuantity, "measure"), {Key: ColumnKey{Field: FieldValue}, Title: "value"}, number, pOf(number), conclusionOf(number)}
}

func (n ComparedNumber) verdictRow(columns []Column) Row {
	row := Row{Subject: n.Subject, Baseline: n.Against == "", Headline: n.Against != ""}
	row.put(columns[0], text(n.Subject))
	row.put(columns[1], text(n.title()))
	value := text("-")
	if n.Value != nil {
		value = Cell{Value: n.Value, Low: n.Low, High: n.High, Unit: n.Unit, N: n.N, Note: n.Note}
	} else if n.Note != "" {
		value = Cell{Text: notAvailable, Note: n.Note}
	}
	row.put(columns[2], value)
	difference := text("-")
	if n.Refused {
		difference = text(refusedText)
	}
	for _, d := range n.Compared {
		difference = d.cell()
	}
	row.put(columns[3], difference)
	return row
}

// cell is a difference in a table.
func (d ComparedDifference) cell() Cell {
	cell := Cell{Value: d.Difference, Low: d.Low, High: d.High, Unit: d.Unit, N: d.N, Note: d.Note, Comparison: d.comparison}
	if d.Low != nil {
		cell.Method = d.Interval
	}
	if d.Difference == nil {
		cell.Text = notAvailable
	}
	return cell
}
