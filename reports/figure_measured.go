package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/figure"
)

// shown is a number over the seeds of a group, as a figure shows it.
type shown struct {
	Cell
	over    string    // what its interval is of, in few words
	each    []float64 // the number under each seed, in the order of the seeds
	metrics []*record.Metric
}

// finder finds a metric in an evaluation, or nil.
type finder func(evaluation) *record.Metric

// finds is the quantity of a subject.
func (q quantity) finds(subject string) finder {
	return func(e evaluation) *record.Metric { return q.of(e, subject) }
}

// measure is what a finder finds, in each group.
func (c across) measure(subject string, find finder) []shown {
	var t Table // its notes are the tables'
	var all []shown
	for _, g := range c.groups {
		s := shown{Cell: c.overSeeds(&t, g, subject, find), over: "95 % over prompts"}
		if len(g.seeds) > 1 {
			s.over = "95 % over the seeds"
		}
		if !finite(s.Value) {
			s.Value = nil
		}
		if !finite(s.Low) || !finite(s.High) {
			s.Low, s.High = nil, nil
		}
		for _, v := range g.seeds {
			e, _ := c.of(v)
			if m := find(e); m != nil && finite(m.Value) {
				s.each, s.metrics = append(s.each, *m.Value), append(s.metrics, m)
			}
		}
		all = append(all, s)
	}
	return all
}

// finite reports whether there is a number.
func finite(x *float64) bool { return x != nil && !math.IsNaN(*x) && !math.IsInf(*x, 0) }

// untouched reports whether the numbers are the same in every group that has any: no
// variable changes them.
func untouched(all []shown) bool {
	var first *shown
	count := 0
	for i, s := range all {
		if s.Value == nil {
			continue
		}
		count++
		if first == nil {
			first = &all[i]
		}
		if !slices.Equal(s.each, first.each) {
			return false
		}
	}
	return count > 1
}

// firstMeasured is the first that there is a number of.
func firstMeasured(all []shown) shown {
	return all[slices.IndexFunc(all, func(s shown) bool { return s.Value != nil })]
}

// factor is what a number of a unit is multiplied with in a figure.
func factor(unit record.Unit) float64 {
	if unit == record.Share {
		return 100
	}
	return 1
}

// number is the value as a figure has it.
func (c Cell) number() float64 { return factor(c.Unit) * *c.Value }

// interval is that of the number; nil: there is none.
func (c Cell) interval() *figure.Interval {
	if c.Low == nil || c.High == nil {
		return nil
	}
	return &figure.Interval{Low: factor(c.Unit) * *c.Low, High: factor(c.Unit) * *c.High}
}

// bounded is a number with its interval in few digits.
func (c Cell) bounded() string {
	said := fmt.Sprintf("%.3g", *c.Value)
	if c.Unit == record.Share {
		said = fmt.Sprintf("%.1f %%", 100**c.Value)
	}
	if c.Low == nil {
		return said
	}
	if c.Unit == record.Share {
		return said + fmt.Sprintf(" [%.1f, %.1f]", 100**c.Low, 100**c.High)
	}
	return said + fmt.Sprintf(" [%.3g, %.3g]", *c.Low, *c.High)
}

// axisWords are what axes call metrics, beside their titles in the table of metrics.
var axisWords = map[string]string{
	metric.GoodShare:           "images judged good",
	metric.BestOfGoodShare:     "chosen images judged good",
	metric.WinMinusLose:        "prompts won less lost",
	metric.PreferenceMean:      "preferred to the baseline",
	metric.PairwiseAccuracy:    "pairs ordered as raters do",
	metric.RewardAccuracyShare: "images told as raters do",
	metric.AUC:                 "AUC against raters",
}

// wordsOf is what axes and titles call a quantity.
func wordsOf(q quantity) string {
	key := q.column.Key
	if key.Reward != "" {
		return "mean score of " + key.Reward
	}
	row, _ := metric.Define(key.Metric)
	if key.Aspect != "" {
		return axisWords[key.Metric] + " in " + key.Aspect
	}
	return cmp.Or(axisWords[key.Metric], row.Title)
}

// axisOf is the axis of a quantity, with its unit and which way is better.
func axisOf(q quantity) figure.Axis {
	row, _ := metric.Define(q.column.Key.Metric)
	zero, hundred := 0.0, 100.0
	axis := figure.Axis{Label: wordsOf(q)}
	switch row.Unit {
	case record.Share:
		axis.Label += ", %"
		axis.Least, axis.Most = &zero, &hundred
	case record.Points:
		axis.Label += ", points"
	}
	if row.Better == record.Lower {
		axis.Label += " (lower is better)"
		axis.Least = &zero
	}
	return axis
}

// sample is how much is behind the numbers of a figure.
type sample struct{ n, prompts []int }

func (s *sample) add(metrics ...*record.Metric) {
	for _, m := range metrics {
		s.n = append(s.n, m.N)
		if m.Clusters > 0 {
			s.prompts = append(s.prompts, m.Clusters)
		}
	}
}

// words says it of a figure over some seeds: "n = 480 of 120 prompts a seed".
func (s sample) words(seeds int) string {
	if len(s.n) == 0 || slices.Max(s.n) == 0 {
		return ""
	}
	said := "n = " + fromTo(s.n)
	if len(s.prompts) > 0 {
		said += " of " + fromTo(s.prompts) + " prompts"
	}
	if seeds > 1 {
		said += " a seed"
	}
	return said
}

func fromTo(numbers []int) string {
	low, high := slices.Min(numbers), slices.Max(numbers)
	if low == high {
		return fmt.Sprint(low)
	}
	return fmt.Sprintf("%d to %d", low, high)
}

// seedsWords says of how many seeds a figure is.
func seedsWords(seeds int) string {
	if seeds == 1 {
		return "one seed"
	}
	return fmt.Sprintf("%d seeds", seeds)
}

// intervals is what the bars of a figure are of.
type intervals struct {
	brief   saying
	methods []string // how they were made
}

// add adds the interval of a number, if it has one, which is drawn as some kind of bar.
func (i *intervals) add(s shown, which string) {
	if s.Low == nil {
		return
	}
	i.brief.add(s.over, which)
	if s.Method != "" {
		i.methods = appendOnce(i.methods, s.Method)
	}
}

// words say it: "bars: 95 % over the seeds".
func (i intervals) words() string {
	var said []string
	for at, over := range i.brief.words {
		which := strings.Join(i.brief.of[at], " and ")
		if len(i.brief.words) == 1 {
			which = "bars"
		}
		said = append(said, which+": "+over)
	}
	if said == nil {
		return "no intervals"
	}
	return strings.Join(said, "; ")
}

// made says how they were made.
func (i intervals) made() string {
	if len(i.methods) == 0 {
		return ""
	}
	return " Intervals: " + together(i.methods) + "."
}

func appendOnce(all []string, words string) []string {
	if slices.Contains(all, words) {
		return all
	}
	return append(all, words)
}

// joinedBy puts together what there is of some words.
func joinedBy(separator string, words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(word string) bool { return word == "" }), separator)
}

// styled gives the series of a panel their styles, as long as there are any.
type styled struct {
	names   []string // that have one
	without []string
}

// style is that of a name; ok is false if there is none left.
func (s *styled) style(name string, baseline bool) (style int, ok bool) {
	if baseline {
		return figure.Baseline, true
	}
	at := slices.Index(s.names, name)
	if at < 0 && len(s.names) == figure.Styles {
		if !slices.Contains(s.without, name) {
			s.without = append(s.without, name)
		}
		return 0, false
	}
	if at < 0 {
		at = len(s.names)
		s.names = append(s.names, name)
	}
	return at, true
}

// of is the place of the series of a name in a panel, which gets one; below zero if there
// is no style left.
func (s *styled) of(p *figure.Panel, name string, baseline bool) int {
	style, ok := s.style(name, baseline)
	if !ok {
		return -1
	}
	at := slices.IndexFunc(p.Series, func(other figure.Series) bool { return other.Name == name })
	if at < 0 {
		at = len(p.Series)
		p.Series = append(p.Series, figure.Series{Name: name, Style: style})
	}
	return at
}

// left says what has no style.
func (s styled) left() string {
	if len(s.without) == 0 {
		return ""
	}
	return fmt.Sprintf(" Not drawn, as there is no room for more than %d: %s; the tables have all.", figure.Styles, listed(s.without))
}

// listed are names, the first few of many.
func listed(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
}
