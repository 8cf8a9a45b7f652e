package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// evenChoice is how a mean preference is written where two models are alike.
const evenChoice = "50 %"

// aspects lists what raters were asked of two models' images.
func (e evaluation) aspects() []string {
	return e.distinct(metric.PreferenceMean, func(m record.Metric) string { return m.Aspect })
}

// preferenceTable is what raters choose between two models' images: the shares of the
// pairs in which two thirds of them find the one better, tie, or find it worse, as Lee et
// al. 2023 show them, and the mean of their choices, which is tested.
func preferenceTable(_ variant, e evaluation) (Table, bool) {
	model, versus := wordColumn(FieldSubject, "model"), wordColumn(FieldVersus, "against")
	aspect, prompts := wordColumn(FieldAspect, "asked for"), wordColumn(FieldPart, "prompts")
	shares := []Column{metricColumn(metric.PreferenceBetterShare, part{}), metricColumn(metric.PreferenceTieShare, part{}), metricColumn(metric.PreferenceWorseShare, part{})}
	mean := metricColumn(metric.PreferenceMean, part{}).described()
	t := Table{ID: "preference", Title: "Preference: images side by side", Claim: "By preference", Columns: []Column{model}}
	if slices.ContainsFunc(e.compared, func(c comparedModels) bool { return c.versus != e.baseline }) {
		t.Columns = append(t.Columns, versus)
	} else {
		t.Title += " with those of " + e.baseline
	}
	aspects := e.aspects()
	switch len(aspects) {
	case 0:
		aspects = []string{""}
	case 1:
		t.Title += ", " + aspects[0]
	default:
		t.Columns = append(t.Columns, aspect)
	}
	t.Columns = append(append(t.Columns, prompts, mean, pOf(mean), conclusionOf(mean)), shares...)
	var tested family
	for _, c := range e.compared {
		for _, what := range aspects {
			for _, over := range e.parts(metric.PreferenceMean) {
				find := func(name string) *record.Metric {
					return e.find(name, over, of(c.model), against(c.versus), asked(what))
				}
				concludes := c.versus == e.baseline
				row := Row{
					Subject: c.model, Detail: over.category != "",
					Headline: concludes && over == part{}, Unseen: concludes && over == part{split: "unseen"},
				}
				row.put(model, text(c.model))
				row.put(versus, text(c.versus))
				row.put(aspect, text(what))
				row.put(prompts, text(over.name()))
				for _, share := range shares {
					row.put(share, t.cellOf(find(share.Key.Metric)))
				}
				if row.Detail {
					row.put(mean, t.cellOf(find(metric.PreferenceMean)))
				} else {
					row.put(mean, t.preferenceCell(&tested, find(metric.PreferenceMean), find(metric.PreferenceP)))
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	tested.correct()
	t.note("better, tie and worse: shares of the pairs of images of one prompt and seed, as two thirds of the raters decide, else tie. preferred: the raters' mean choice, a tie as half; 50 % where the models are alike.")
	for _, said := range []string{e.identicalPairs(), e.preferenceAgreement(), e.preferenceDetectable()} {
		if said != "" {
			t.note(said)
		}
	}
	return t, len(t.Rows) > 0
}

// preferenceCell is a mean preference as a cell, which is compared with one half.
func (t *Table) preferenceCell(tested *family, mean, p *record.Metric) Cell {
	cell := t.testedCell(tested, mean, p)
	if c := cell.Comparison; c != nil {
		c.Unit, c.Alike = record.Points, evenChoice
		c.Difference, c.Low, c.High = fromHalf(mean.Value), fromHalf(mean.Low), fromHalf(mean.High)
	}
	return cell
}

// fromHalf is how far a share is from one half, in points.
func fromHalf(share *float64) *float64 {
	if share == nil {
		return nil
	}
	points := 100 * (*share - 0.5)
	return &points
}

// overall lists the metrics of a name over all prompts.
func (e evaluation) overall(name string) []record.Metric {
	var all []record.Metric
	for _, m := range e.metrics {
		if m.Name == name && m.Category == "" && m.Split == "" && m.Value != nil {
			all = append(all, m)
		}
	}
	return all
}

// identicalPairs says of how many pairs nobody was asked, since their images are the
// same.
func (e evaluation) identicalPairs() string {
	var said []string
	for _, m := range e.overall(metric.PreferenceIdenticalShare) {
		if same := int(*m.Value*float64(m.N) + 0.5); same > 0 {
			if one := fmt.Sprintf("%d of %d of %s and %s", same, m.N, m.Subject, m.Versus); !slices.Contains(said, one) {
				said = append(said, one)
			}
		}
	}
	if said == nil {
		return ""
	}
	return "Pairs of the same image are ties that nobody was asked about: " + strings.Join(said, "; ") + "."
}

// preferenceAgreement says how far the raters agree, and how often they skip.
func (e evaluation) preferenceAgreement() string {
	var alphas, skips []float64
	for _, m := range e.overall(metric.PreferenceAgreementAlpha) {
		alphas = append(alphas, *m.Value)
	}
	for _, m := range e.overall(metric.PreferenceSkipShare) {
		skips = append(skips, 100**m.Value)
	}
	said := ""
	if len(alphas) > 0 {
		said = "Krippendorff's alpha of the raters on better, tie and worse: " + spread(alphas, "%.2f") + "."
	}
	if len(skips) > 0 && slices.Max(skips) > 0 {
		said = strings.TrimSpace(said + " Skipped: " + spread(skips, "%.1f") + " % of what they were asked.")
	}
	return said
}

// preferenceDetectable says which true preference a comparison over all prompts finds, of
// the one that spreads most.
func (e evaluation) preferenceDetectable() string {
	var widest *record.Metric
	for _, m := range e.overall(metric.PreferenceDetectable) {
		if m.Clusters > 1 && (widest == nil || *m.Value > *widest.Value) {
			widest = &m
		}
	}
	if widest == nil {
		return ""
	}
	if *widest.Value >= 50 {
		return fmt.Sprintf("These %d prompts are too few to show any preference between %s and %s in four of five trials.", widest.Clusters, widest.Subject, widest.Versus)
	}
	return fmt.Sprintf("With these %d prompts a true preference of about %.0f %% or more, or of %.0f %% or less, shows in four of five trials if compared alone (%s and %s, whose choices spread most).",
		widest.Clusters, 50+*widest.Value, 50-*widest.Value, widest.Subject, widest.Versus)
}
