package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/figure"
)

// The bounds of a figure of an ablation.
const (
	mostPanels  = 12
	mostRows    = 24  // beside each other
	mostSeedsIn = 400 // dots of single seeds in a panel
)

// compared is one figure of an ablation, or of an experiment: a metric of some subjects.
type compared struct {
	name     string // of its files
	words    string // what it is
	axis     figure.Axis
	parts    []part  // a panel for each
	alike    string  // what a line across, where nothing differs, is called; empty: there is none
	at       float64 // where it is
	subjects []comparedSubject
}

// comparedSubject is a model, a reward, or chosen images.
type comparedSubject struct {
	name     string
	baseline bool
	find     func(part) finder
}

// comparedFigures draws each metric against what varies, or, where nothing does, against
// the models.
func comparedFigures(run *record.Run, c across) []figure.Figure {
	var all []figure.Figure
	axes, ok := c.sweep(run)
	for _, of := range c.toCompare() {
		var f figure.Figure
		drawn := false
		switch {
		case ok:
			f, drawn = c.against(of, axes)
		case len(c.groups) == 1:
			f, drawn = c.bySubject(of)
		}
		if drawn {
			all = append(all, f)
		}
	}
	return all
}

// toCompare lists the metrics that figures show.
func (c across) toCompare() []compared {
	var all []compared
	models := func(q quantity, parts []part) {
		of := compared{name: q.column.Key.Metric, words: wordsOf(q), axis: axisOf(q), parts: parts}
		for _, model := range c.models() {
			of.subjects = append(of.subjects, comparedSubject{model, c.isBaseline(model), func(p part) finder {
				over := q
				over.column.Key.Split = p.split
				return over.finds(model)
			}})
		}
		all = append(all, of)
	}
	splits := orAll(c.splits(metric.GoodShare))
	for _, name := range []string{metric.GoodShare, metric.WinMinusLose} {
		if c.measured(name) {
			models(quantityOf(name, part{}), splits)
		}
		if name == metric.WinMinusLose && c.measured(name) {
			all[len(all)-1].alike = "as good as the baseline"
		}
	}
	for _, aspect := range c.all(evaluation.aspects) {
		models(preferenceQuantity(aspect), orAll(c.splits(metric.PreferenceMean)))
		last := &all[len(all)-1]
		last.name, last.alike, last.at = last.name+"-"+aspect, "as good as the baseline", 50
	}
	for _, d := range distances {
		if c.measured(d.value) {
			models(quantityOf(d.value, part{}), []part{{}})
		}
	}
	for _, reward := range c.all(evaluation.scorers) {
		q := quantityOf(metric.AverageRewardMean, part{})
		q.column.Key.Reward = reward
		models(q, []part{{}})
		all[len(all)-1].name += "-" + reward
	}
	for _, name := range []string{metric.PairwiseAccuracy, metric.AUC, metric.RewardAccuracyShare} {
		if !c.measured(name) {
			continue
		}
		q := quantityOf(name, part{})
		of := compared{name: name, words: wordsOf(q), axis: axisOf(q), parts: orAll(c.splits(name))}
		for _, reward := range c.all(evaluation.judgedRewards) {
			of.subjects = append(of.subjects, comparedSubject{reward, false, func(p part) finder {
				over := q
				over.column.Key.Split = p.split
				return over.finds(reward)
			}})
		}
		all = append(all, of)
	}
	if c.measured(metric.BestOfGoodShare) {
		all = append(all, c.chosenToCompare())
	}
	return all
}

// chosenToCompare is the share of good images among those that rewards choose, beside
// those that are drawn at random and those of models.
func (c across) chosenToCompare() compared {
	of := compared{name: metric.BestOfGoodShare, words: axisWords[metric.BestOfGoodShare], axis: axisOf(quantityOf(metric.BestOfGoodShare, part{})), parts: orAll(c.splits(metric.BestOfGoodShare))}
	for _, by := range c.choosers() {
		of.subjects = append(of.subjects, comparedSubject{by.name(), false, func(p part) finder {
			return func(e evaluation) *record.Metric {
				return e.find(metric.BestOfGoodShare, p, e.chosenBy(by))
			}
		}})
	}
	of.subjects = append(of.subjects, comparedSubject{"at random", true, func(p part) finder {
		return func(e evaluation) *record.Metric {
			return e.find(metric.BestOfGoodShare, p, drawn(record.Random))
		}
	}})
	for _, model := range c.comparedModels() {
		of.subjects = append(of.subjects, comparedSubject{model, false, func(p part) finder {
			return func(e evaluation) *record.Metric { return e.find(metric.BestOfGoodShare, p, reportedOf(model)) }
		}})
	}
	return of
}

// reportedOf is a model's own images, not a choice of them.
func reportedOf(model string) condition {
	return func(m *record.Metric) bool { return m.Subject == model && m.Choice == record.All }
}

// varied is a variable of an ablation with its values in the order of the file.
type varied struct {
	name    string
	values  []string
	numbers []float64 // of the values; nil: they are words
}

// notSet stands for the value of a variable that a row does not give.
const notSet = "not set"

func valueOf(g group, name string) string {
	value, ok := g.seeds[0].Values[name]
	if !ok {
		return notSet
	}
	return fmt.Sprint(value)
}

// sweep says which variable goes along the axis, which has the colours, and which the
// panels.
type sweep struct {
	x      varied
	colour *varied
	panels []varied
	rows   bool     // x has whole rows, of the variables of these names
	names  []string // of the variables
	// baseline is the value of the baseline's rows, where that alone tells which they are.
	baseline string
}

// rowName is what a row is called on the axis.
func (s sweep) rowName(g group) string {
	if len(s.names) == 0 {
		return g.label
	}
	return settingOf(g, s.names)
}

// at is where a group stands on the axis.
func (s sweep) at(g group, scale figure.Scale) float64 {
	if s.rows {
		return s.x.place(s.rowName(g), scale)
	}
	return s.x.place(valueOf(g, s.x.name), scale)
}

// title is what varies, in words.
func (s sweep) title() string {
	if len(s.names) > 0 {
		return strings.Join(s.names, ", ")
	}
	return s.x.name
}

// axis is that of the panels.
func (s sweep) axis() figure.Axis {
	axis, notes := s.x.axis()
	if at := slices.Index(s.x.values, s.baseline); at >= 0 && axis.Names != nil {
		axis.Names = slices.Clone(axis.Names)
		axis.Names[at] += "*"
		notes = append(notes, "*: baseline")
	}
	axis.Label = s.title()
	if notes != nil {
		axis.Label += " (" + strings.Join(notes, "; ") + ")"
	}
	return axis
}

// sweep finds them: along the axis goes the variable with the most values, a numeric one
// first; the next has the colours. It is not ok where nothing but seeds varies.
func (c across) sweep(run *record.Run) (s sweep, ok bool) {
	var all []varied
	for _, name := range c.variables() {
		if v := c.varied(run, name); len(v.values) > 1 {
			all = append(all, v)
		}
	}
	combinations := 1
	for _, v := range all {
		combinations *= len(v.values)
	}
	// Rows that are no product of values stand beside each other.
	if len(c.groups) > 1 && (len(all) == 0 || len(all) > 1 && len(c.groups) < combinations && len(c.groups) <= mostRows) {
		s.rows = true
		for _, v := range all {
			s.names = append(s.names, v.name)
		}
		s.x = varied{name: joinedBy("-", s.names...)}
		for _, g := range c.groups {
			s.x.values = append(s.x.values, s.rowName(g))
		}
		s.x.name = cmp.Or(s.x.name, "variant")
		s.baseline = c.baselineOf(s.rowName)
		return s, true
	}
	if len(all) == 0 {
		return s, false
	}
	weight := func(v varied) int {
		if v.numbers != nil {
			return 1000 + len(v.values)
		}
		return len(v.values)
	}
	slices.SortStableFunc(all, func(a, b varied) int { return cmp.Compare(weight(b), weight(a)) })
	s.x = all[0]
	if len(all) > 1 {
		s.colour = &all[1]
		s.panels = all[2:]
	} else {
		s.baseline = c.baselineOf(func(g group) string { return valueOf(g, s.x.name) })
	}
	return s, true
}

// baselineOf is what the baseline is called; empty if there is none.
func (c across) baselineOf(name func(group) string) string {
	for _, g := range c.groups {
		if g.baseline {
			return name(g)
		}
	}
	return ""
}

// varied lists the values of a variable.
func (c across) varied(run *record.Run, name string) varied {
	v := varied{name: name}
	seen := map[string]bool{}
	add := func(value string) {
		if !seen[value] {
			seen[value] = true
			v.values = append(v.values, value)
		}
	}
	used := map[string]bool{}
	for _, g := range c.groups {
		used[valueOf(g, name)] = true
	}
	for _, of := range run.Varied {
		if of.Name == name {
			for _, value := range of.Values {
				if used[fmt.Sprint(value)] {
					add(fmt.Sprint(value))
				}
			}
		}
	}
	for _, g := range c.groups {
		add(valueOf(g, name))
	}
	for _, value := range v.values {
		number, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
			v.numbers = nil
			return v
		}
		v.numbers = append(v.numbers, number)
	}
	order := make([]int, len(v.values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(v.numbers[a], v.numbers[b]) })
	sorted := varied{name: name}
	for _, i := range order {
		sorted.values, sorted.numbers = append(sorted.values, v.values[i]), append(sorted.numbers, v.numbers[i])
	}
	return sorted
}

// axis is the variable's, on a scale that its values choose, and what there is to say of
// it.
func (v varied) axis() (axis figure.Axis, notes []string) {
	axis.Scale = v.scale()
	switch {
	case axis.Scale == figure.Even:
		axis.Names = v.values
		if v.numbers != nil {
			notes = append(notes, "evenly spaced")
		}
	case len(v.values) <= 12:
		axis.Names, axis.Values = v.values, v.numbers
	}
	if axis.Scale == figure.Log {
		notes = append(notes, "logarithmic")
	}
	return axis, notes
}

// scale is logarithmic where that spaces the values more evenly and they span much, and
// even where nothing else tells them apart.
func (v varied) scale() figure.Scale {
	if v.numbers == nil {
		return figure.Even
	}
	low, high := v.numbers[0], v.numbers[len(v.numbers)-1]
	logarithms := make([]float64, len(v.numbers))
	for i, x := range v.numbers {
		logarithms[i] = math.Log(x)
	}
	linear, logarithmic := unevenness(v.numbers), unevenness(logarithms)
	scale := figure.Linear
	if len(v.numbers) > 2 && low > 0 && high/low >= 5 && logarithmic < linear {
		scale, linear = figure.Log, logarithmic
	}
	if len(v.numbers) <= 8 && linear > 12 {
		return figure.Even
	}
	return scale
}

// unevenness is how many times the widest gap between sorted numbers is the narrowest.
func unevenness(sorted []float64) float64 {
	widest, narrowest := 0.0, math.Inf(1)
	for i := 1; i < len(sorted); i++ {
		gap := sorted[i] - sorted[i-1]
		widest, narrowest = max(widest, gap), min(narrowest, gap)
	}
	return widest / narrowest
}

// place is where a value stands on the axis of the variable.
func (v varied) place(value string, scale figure.Scale) float64 {
	at := slices.Index(v.values, value)
	if scale == figure.Even {
		return float64(at)
	}
	return v.numbers[at]
}

// facet is the groups of one panel, in words.
type facet struct {
	title  string
	groups []int // their places
}

// facets are the combinations of the values of the panels' variables.
func (c across) facets(over []varied) []facet {
	var all []facet
	for i, g := range c.groups {
		var words []string
		for _, v := range over {
			words = append(words, v.name+"="+valueOf(g, v.name))
		}
		title := strings.Join(words, " ")
		at := slices.IndexFunc(all, func(f facet) bool { return f.title == title })
		if at < 0 {
			at = len(all)
			all = append(all, facet{title: title})
		}
		all[at].groups = append(all[at].groups, i)
	}
	return all
}

// coloured are the values that have colours: all, or, of many, some that are spread evenly
// over them.
func (v *varied) coloured(most int) []string {
	if v == nil {
		return []string{""}
	}
	if len(v.values) <= most {
		return v.values
	}
	var some []string
	for i := range most {
		some = append(some, v.values[i*(len(v.values)-1)/max(1, most-1)])
	}
	return some
}

// against draws a metric against what varies; ok is false if nothing of it was measured.
func (c across) against(of compared, axes sweep) (f figure.Figure, ok bool) {
	scale := axes.x.scale()
	f = figure.Figure{Name: of.name + "-by-" + axes.x.name, Title: sentence(of.words) + " by " + axes.title(), Columns: len(of.parts)}
	var behind sample
	var bars intervals
	var untouchedNames, left []string
	styles, dots := styled{}, false
	facets := c.facets(axes.panels)
	if most := max(1, mostPanels/len(of.parts)); len(facets) > most {
		left = append(left, fmt.Sprintf("Of %d combinations of the other variables the first %d are drawn.", len(facets), most))
		facets = facets[:most]
	}
	seeds := 0
	for _, facet := range facets {
		for _, p := range of.parts {
			panel := figure.Panel{Title: joinedBy(", ", partTitle(p), facet.title), X: axes.axis(), Y: of.axis}
			for _, subject := range of.subjects {
				all := c.measure(subject.name, subject.find(p))
				if untouched(all) {
					first := firstMeasured(all)
					style, ok := styles.style(subject.name, subject.baseline)
					if !ok {
						continue
					}
					behind.add(first.metrics...)
					rule := figure.Rule{At: first.number(), Band: first.interval(), Name: subject.name, Style: style}
					bars.add(first, "bands")
					panel.Rules = append(panel.Rules, rule)
					if !slices.Contains(untouchedNames, subject.name) {
						untouchedNames = append(untouchedNames, subject.name)
					}
					continue
				}
				colours := axes.colour.coloured(figure.Styles / max(1, countTouched(of.subjects)))
				if axes.colour != nil && len(colours) < len(axes.colour.values) {
					left = appendOnce(left, fmt.Sprintf("Of %d values of %s, %d are drawn.", len(axes.colour.values), axes.colour.name, len(colours)))
				}
				for _, colour := range colours {
					name := subject.name
					if axes.colour != nil {
						name = labelled(subject.name, axes.colour.name+"="+colour)
					}
					series := figure.Series{Name: name}
					for _, i := range facet.groups {
						g, s := c.groups[i], all[i]
						if axes.colour != nil && valueOf(g, axes.colour.name) != colour || s.Value == nil {
							continue
						}
						x := axes.at(g, scale)
						behind.add(s.metrics...)
						seeds = max(seeds, len(g.seeds))
						bars.add(s, "bars")
						if len(s.each) > 1 && len(facet.groups)*len(s.each) <= mostSeedsIn {
							dots = true
							for _, each := range s.each {
								series.Points = append(series.Points, figure.Point{XY: figure.XY{X: x, Y: factor(s.Unit) * each}, Small: true})
							}
						}
						series.Points = append(series.Points, figure.Point{
							XY: figure.XY{X: x, Y: s.number()}, YInterval: s.interval(), Baseline: g.baseline && axes.baseline == "",
							Detail: fmt.Sprintf("%s: %s", labelled(subject.name, g.label), s.bounded()),
						})
					}
					if len(series.Points) == 0 {
						continue
					}
					style, has := styles.style(name, subject.baseline && axes.colour == nil)
					if !has {
						continue
					}
					series.Style = style
					series.Lines = means(series.Points, axes.x.numbers == nil)
					panel.Series = append(panel.Series, series)
				}
			}
			if len(panel.Series) == 0 {
				continue
			}
			panel.Rules = append(panel.Rules, of.alikeRule()...)
			dodge(panel)
			f.Panels = append(f.Panels, panel)
		}
	}
	if len(f.Panels) == 0 {
		return f, false
	}
	f.About = joinedBy("; ", behind.words(seeds), seedsWords(seeds), dotWords(dots), bars.words())
	caption := []string{f.Title + ": " + f.About + "."}
	if len(untouchedNames) > 0 {
		caption = append(caption, "A line across with a band: "+listed(untouchedNames)+", which the variables do not touch.")
	}
	f.Caption = strings.Join(append(caption, left...), " ") + ringed(f.Panels...) + bars.made() + styles.left()
	return f, true
}

// dodge moves series to the side, so that they do not cover each other.
func dodge(p figure.Panel) {
	all, step := p.Series, 3.4
	if p.X.Scale == figure.Even {
		step = 6
	}
	step = min(step, 4*step/float64(len(all)))
	for n := range all {
		shift := step * (float64(n) - float64(len(all)-1)/2)
		for i := range all[n].Points {
			all[n].Points[i].Shift = shift
		}
		for i := range all[n].Lines {
			all[n].Lines[i].Shift = shift
		}
	}
}

func (of compared) alikeRule() []figure.Rule {
	if of.alike == "" {
		return nil
	}
	return []figure.Rule{{At: of.at, Name: of.alike, Style: figure.Baseline}}
}

// countTouched is at how many subjects the colours have to be shared, roughly: those that
// are no baseline.
func countTouched(subjects []comparedSubject) int {
	return len(subjects) - len(slices.DeleteFunc(slices.Clone(subjects), func(s comparedSubject) bool { return !s.baseline }))
}

// means is the line through the points that are no single seeds, from left to right; a
// thin one between words, which have nothing in between.
func means(points []figure.Point, words bool) []figure.Line {
	var line []figure.XY
	for _, p := range points {
		if !p.Small {
			line = append(line, p.XY)
		}
	}
	slices.SortStableFunc(line, func(a, b figure.XY) int { return cmp.Compare(a.X, b.X) })
	for i := 1; i < len(line); i++ {
		if line[i].X == line[i-1].X { // rows that differ in what the figure does not show
			return nil
		}
	}
	if len(line) < 2 {
		return nil
	}
	weight := figure.Main
	if words {
		weight = figure.Thin
	}
	return []figure.Line{{Weight: weight, Points: line}}
}

// bySubject draws a metric of each subject beside the others'.
func (c across) bySubject(of compared) (f figure.Figure, ok bool) {
	what := "model"
	if measure, _ := metric.MeasureOf(of.name); measure == metric.MeasureRewardAccuracy {
		what = "reward"
	}
	f = figure.Figure{Name: of.name + "-by-" + what, Title: sentence(of.words) + " by " + what, Columns: len(of.parts)}
	var behind sample
	var bars intervals
	var names []string
	dots, ruled := false, false
	measured := make([][]shown, len(of.parts))
	for _, subject := range of.subjects {
		found := false
		for i, p := range of.parts {
			one := c.measure(subject.name, subject.find(p))[0]
			measured[i] = append(measured[i], one)
			found = found || one.Value != nil
		}
		if found {
			names = append(names, subject.name)
		}
	}
	if len(names) < 2 {
		return f, false // nothing stands beside another
	}
	seeds := len(c.groups[0].seeds)
	for i, p := range of.parts {
		axis := figure.Axis{Scale: figure.Even, Names: names}
		panel := figure.Panel{Title: partTitle(p), X: axis, Y: of.axis}
		for j, subject := range of.subjects {
			s := measured[i][j]
			if s.Value == nil {
				continue
			}
			x := float64(slices.Index(names, subject.name))
			behind.add(s.metrics...)
			style := 0
			if subject.baseline {
				style = figure.Baseline
				ruled = true
				panel.Rules = append(panel.Rules, figure.Rule{At: s.number(), Style: style, Name: "baseline: " + subject.name})
			}
			bars.add(s, "bars")
			series := figure.Series{Style: style}
			if len(s.each) > 1 {
				dots = true
				for _, each := range s.each {
					series.Points = append(series.Points, figure.Point{XY: figure.XY{X: x, Y: factor(s.Unit) * each}, Small: true})
				}
			}
			series.Points = append(series.Points, figure.Point{XY: figure.XY{X: x, Y: s.number()}, YInterval: s.interval(), Detail: subject.name + ": " + s.bounded()})
			panel.Series = append(panel.Series, series)
		}
		if len(panel.Series) > 0 {
			panel.Rules = append(panel.Rules, of.alikeRule()...)
			f.Panels = append(f.Panels, panel)
		}
	}
	f.About = joinedBy("; ", behind.words(seeds), seedsWords(seeds), dotWords(dots), bars.words())
	f.Caption = f.Title + ": " + f.About + "." + bars.made()
	if ruled {
		f.Caption += " The line across is the baseline."
	}
	return f, true
}

// dotWords says what the small marks are.
func dotWords(dots bool) string {
	if !dots {
		return ""
	}
	return "small: each seed, large: their mean"
}

// partTitle is a panel's for a part of the prompts.
func partTitle(p part) string {
	if p == (part{}) {
		return ""
	}
	return p.name() + " prompts"
}
