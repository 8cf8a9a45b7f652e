package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/core/stats"
)

const (
	// mostPoints is the largest difference from half of the images that there can be.
	mostPoints = 50
	// morePerPrompt is how many images a prompt are shown as a way to find more.
	morePerPrompt = 4
	// mostParts is how many parts without an interval are named.
	mostParts = 6
)

// writeDesigns says what differences the evaluations can find, and where tables will
// have no interval.
func writeDesigns(w io.Writer, s *session.Session) {
	designs := s.Designs()
	lines := designLines(s, designs)
	if len(lines) == 0 {
		return
	}
	if slices.ContainsFunc(designs, func(d session.Design) bool { return d.Judged }) {
		lines = append(lines, fmt.Sprintf("A difference is found with %.0f %% power by one two-sided test at %.0f %%; several comparisons together ask for more. Assumed: %.0f %% of the images good, images of a prompt alike to %g (intraclass correlation), and raters who agree, so that several of one image count as one.",
			100*metric.DetectablePower, 100*metric.Significance, 100*metric.AssumedShare, metric.AssumedLikeness))
	}
	fmt.Fprintf(w, "\nWhat the design can find:\n")
	for _, line := range lines {
		fmt.Fprintf(w, "  %s\n", indent(line, 4, 80))
	}
}

// designLines is a line for each evaluation, or for each design that it has in some
// variants, and one for the variants.
func designLines(s *session.Session, designs []session.Design) []string {
	type said struct{ evaluation, text string }
	var order []said
	variants, several := map[said]int{}, map[string]int{}
	for _, d := range designs {
		one := said{d.Evaluation, designText(d)}
		if variants[one] == 0 {
			order = append(order, one)
			several[d.Evaluation]++
		}
		variants[one] += d.Variants
	}
	var lines []string
	for _, one := range order {
		name := "evaluate " + one.evaluation
		if several[one.evaluation] > 1 {
			name += " of " + plural(variants[one], "variant", "variants")
		}
		lines = append(lines, name+": "+one.text)
	}
	if s.Ablation && len(designs) > 0 {
		lines = append(lines, "variants: "+variantsText(s, designs))
	}
	return lines
}

// designJSON is a design for scripts.
type designJSON struct {
	Evaluation string     `json:"evaluation"`
	Variants   int        `json:"variants"` // that have this design
	Prompts    int        `json:"prompts"`
	PerPrompt  int        `json:"per_prompt"`
	Points     *float64   `json:"detectable_points"` // of good images; null: nobody judges, or there is no interval
	Few        []partJSON `json:"without_interval"`
}

// partJSON is a part of the prompts.
type partJSON struct {
	Category string `json:"category,omitempty"`
	Split    string `json:"split,omitempty"`
	Prompts  int    `json:"prompts"`
}

func designsJSON(designs []session.Design) []designJSON {
	all := []designJSON{}
	for _, d := range designs {
		one := designJSON{Evaluation: d.Evaluation, Variants: d.Variants, Prompts: d.Count(), PerPrompt: d.PerPrompt, Few: []partJSON{}}
		if points, ok := d.GoodShareDifference(); ok && d.Judged && d.Compares {
			one.Points = &points
		}
		for _, part := range d.WithoutInterval() {
			one.Few = append(one.Few, partJSON(part))
		}
		all = append(all, one)
	}
	return all
}

// designText is a design in sentences.
func designText(d session.Design) string {
	size := fmt.Sprintf("%s, %s each", plural(d.Count(), "prompt", "prompts"), plural(d.PerPrompt, "image", "images"))
	if d.Count() < stats.FewestClusters {
		return fmt.Sprintf("%s. No interval and no verdict: fewer than %d prompts.", size, stats.FewestClusters)
	}
	var sentences []string
	switch {
	case d.Judged && d.Compares:
		sentences = append(sentences, size+": finds "+found(d.GoodShareDifference())+more(d))
	case d.Judged:
		sentences = append(sentences, size+"; one model, and nothing to compare it with")
	default:
		sentences = append(sentences, size+"; nobody judges the images")
	}
	for _, best := range d.BestOf {
		of := metric.Design{Prompts: d.Prompts, PerPrompt: best.Keep}
		sentences = append(sentences, fmt.Sprintf("Best %d of %d against as many others: finds %s", best.Keep, best.N, found(of.GoodShareDifference())))
	}
	if few := d.WithoutInterval(); len(few) > 0 {
		sentences = append(sentences, fmt.Sprintf("No interval for parts of fewer than %d prompts: %s", stats.FewestClusters, partsText(few)))
	}
	if d.Fidelity && d.Count() < metric.FewestForFidelity {
		sentences = append(sentences, fmt.Sprintf("No interval of FID, KID and CMMD: fewer than %d prompts", metric.FewestForFidelity))
	}
	if d.Fidelity && d.PerPrompt < 2 {
		sentences = append(sentences, "No diversity: it is between images of a prompt, and takes two")
	}
	return strings.Join(sentences, ". ") + "."
}

// found says how large a difference has to be.
func found(points float64, ok bool) string {
	switch {
	case !ok:
		return "no interval"
	case points >= mostPoints:
		return fmt.Sprintf("no difference for sure, even of %d points", mostPoints)
	}
	return fmt.Sprintf("a difference of %.0f points of good images or more", points)
}

// more says what more images of a prompt would find.
func more(d session.Design) string {
	if d.PerPrompt >= morePerPrompt {
		return ""
	}
	better := d.Design
	better.PerPrompt = morePerPrompt
	points, ok := better.GoodShareDifference()
	if !ok || points >= mostPoints {
		return ""
	}
	return fmt.Sprintf("; with per_prompt = %d, %.0f", morePerPrompt, points)
}

// variantsText says what can be found between the variants of an ablation.
func variantsText(s *session.Session, designs []session.Design) string {
	seeds := s.Seeds()
	if seeds < stats.FewestValues {
		return fmt.Sprintf("%s of each: no interval and no test between variants, which need %d seeds or more, such as seeds = [1, 2, 3].", plural(seeds, "seed", "seeds"), stats.FewestValues)
	}
	var of []string
	for _, d := range designs {
		if points, ok := d.OverSeeds(seeds); ok && d.Judged {
			text := found(points, true)
			if text += " in evaluate " + d.Evaluation; !slices.Contains(of, text) {
				of = append(of, text)
			}
		}
	}
	text := plural(seeds, "seed", "seeds") + " of each"
	if len(of) > 0 {
		text += ": finds at best " + listed(of) + "; trainings differ by chance as well, so that it is more"
	}
	return text + "."
}

// partsText names parts of the prompts.
func partsText(parts []metric.Part) string {
	var names []string
	for i, part := range parts {
		if i == mostParts && len(parts) > mostParts+1 {
			names = append(names, fmt.Sprintf("%d others", len(parts)-i))
			break
		}
		name := strings.TrimSpace(part.Category + " " + part.Split)
		names = append(names, fmt.Sprintf("%s (%d)", name, part.Prompts))
	}
	return listed(names)
}
