package reports

import (
	"fmt"
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
}

// Judge is the verdict on the models of an experiment's evaluations: every number that
// was measured of each over all prompts, by how much it differs from the baseline's, and
// what that comes to. Differences between images that are unlike, such as of another
// size, are refused and counted.
func Judge(input Input) (r *Report, refused int) {
	r = &Report{Title: "Verdict"}
	variants := variantsOf(input)
	names, values := protocolsOf(variants).lines()
	for i, name := range names {
		r.Protocols = append(r.Protocols, name+": "+values[i]+".")
	}
	for _, v := range variants {
		trace := v.trace()
		for _, e := range v.evaluations {
			t, reasons := verdictTable(trace, e)
			if len(t.Rows) == 0 {
				continue
			}
			t.explain()
			r.Tables = append(r.Tables, t)
			r.Notes = append(r.Notes, reasons...)
			refused += len(reasons)
		}
	}
	return r, refused
}

func verdictTable(trace *protocol.Trace, e evaluation) (t Table, reasons []string) {
	model, what := wordColumn(FieldSubject, "model"), wordColumn(FieldQuantity, "measure")
	value := Column{Key: ColumnKey{Field: FieldValue}, Title: "value"}
	number := Column{Key: ColumnKey{Field: FieldNumber}, Title: "difference"}
	t = Table{ID: "verdict", Title: "Models against " + e.baseline, Evaluation: e.name, Lead: true, Claim: "Against " + e.baseline,
		Columns: []Column{model, what, value, number, pOf(number), conclusionOf(number)}}
	var tested family
	rewards := append([]string{""}, e.scorers()...)
	told := map[string]bool{}
	for _, name := range e.models {
		for _, q := range verdictQuestions {
			for _, reward := range rewards {
				conditions := []condition{of(name), drawn(record.All), func(m *record.Metric) bool { return m.Reward == reward && m.Part == "" }}
				difference := e.find(q.difference, part{}, append(conditions, against(e.baseline))...)
				var own *record.Metric
				if q.value != "" {
					own = e.find(q.value, part{}, conditions...)
				}
				if own == nil && difference == nil {
					continue
				}
				title := metricColumn(q.difference, part{}).Title
				if q.value != "" {
					title = metricColumn(q.value, part{}).Title
				}
				if reward != "" {
					title += " " + reward
				}
				row := Row{Subject: name, Baseline: name == e.baseline, Headline: name != e.baseline}
				row.put(model, text(name))
				row.put(what, text(title))
				row.put(value, text("-"))
				if own != nil {
					row.put(value, t.cellOf(own))
				}
				row.put(number, text("-"))
				if name != e.baseline && difference != nil {
					if why := unlikeWithin(trace, e, difference, own, q.value); why != "" {
						row.put(number, text(refusedText))
						if !told[name+why] {
							told[name+why] = true
							reasons = append(reasons, fmt.Sprintf("Refused, %s is unlike %s in %s. Give all models one size (--size 512), and images of folders as many of each prompt as are drawn.", name, e.baseline, why))
						}
					} else {
						row.put(number, t.testedCell(&tested, difference, e.find(q.p, part{}, append(conditions, against(e.baseline))...)))
					}
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	tested.correct()
	return t, reasons
}

// unlikeWithin says in what a model's images are unlike the baseline's of the same
// evaluation; empty if they may be compared. That images of a folder have no seeds, or
// were resized when they were read, is known and no reason.
func unlikeWithin(trace *protocol.Trace, e evaluation, difference, own *record.Metric, value string) string {
	theirs := e.find(value, part{}, of(e.baseline), drawn(record.All), func(m *record.Metric) bool { return m.Reward == difference.Reward && m.Part == "" })
	if own == nil || theirs == nil { // win-lose stands beside the share of good ones
		own, theirs = e.find(metric.GoodShare, part{}, of(difference.Subject), drawn(record.All)), e.find(metric.GoodShare, part{}, of(e.baseline), drawn(record.All))
	}
	if own == nil || theirs == nil {
		return ""
	}
	source := func(m *record.Metric) *record.Record {
		for i := range e.metrics {
			if &e.metrics[i] == m {
				return e.sources[i]
			}
		}
		return nil
	}
	var words []string
	for _, d := range protocol.Unlike(trace.Protocol(source(theirs), theirs), trace.Protocol(source(own), own)) {
		if d.Weight == protocol.Refuse && d.Name != "resizing" {
			words = append(words, d.String())
		}
	}
	return strings.Join(words, "; ")
}
