package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
)

// The markers of the part of a document that is written by the program.
const (
	begin = "<!-- written by reports/coverage: begin -->\n"
	end   = "<!-- written by reports/coverage: end -->\n"
)

// between puts text in place of what stands between the markers.
func between(document, text []byte) ([]byte, error) {
	before, rest, found := bytes.Cut(document, []byte(begin))
	_, after, ended := bytes.Cut(rest, []byte(end))
	if !found || !ended {
		return nil, fmt.Errorf("no part between %q and %q to write anew", begin[:len(begin)-1], end[:len(end)-1])
	}
	return slices.Concat(before, []byte(begin), text, []byte(end), after), nil
}

// fewPrompts is the size from which on strata have prompts enough.
const fewPrompts = 30

// An interval of 95 % should cover between these.
const lowest, highest = 0.93, 0.97

// outside reports whether a cell's coverage is not between the two.
func (r row) outside() bool {
	return r.shown() >= few && (r.coverage() < lowest || r.coverage() > highest)
}

// reason says why a cell covers more or less than it says.
func (r row) reason() string {
	switch {
	case r.coverage() < lowest:
		return "narrow"
	case !r.attainable:
		return "discrete"
	}
	return "wide"
}

// write writes the summary and the cells outside, in Markdown.
func write(w io.Writer, experiments int, seed uint64, rows []row, verdicts []verdict) {
	fmt.Fprintf(w, "\n%d experiments a cell, seed %d; the standard error of a coverage of 95 %% is %.1f points.\n", experiments, seed, 100*standardError(experiments))
	if len(rows) > 0 {
		fmt.Fprintf(w, "\n| estimate | prompts (seeds) | cells | without an interval %% | lowest coverage %% | highest %% | inside 93-97 | discrete | wide | narrow |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	}
	type group struct {
		estimate string
		size     int
	}
	var order []group
	grouped := map[group][]row{}
	for _, r := range rows {
		g := group{r.estimate + " (" + r.scenario + ")", r.size}
		if grouped[g] == nil {
			order = append(order, g)
		}
		grouped[g] = append(grouped[g], r)
	}
	names := distinct(order, func(g group) string { return g.estimate })
	slices.SortStableFunc(order, func(a, b group) int {
		return slices.Index(names, a.estimate) - slices.Index(names, b.estimate)
	})
	for _, g := range order {
		var without, all, inside, discrete, wide, narrow, cells int
		low, high := 1.0, 0.0
		for _, r := range grouped[g] {
			without, all = without+r.without, all+r.experiments
			if r.shown() < few {
				continue
			}
			cells++
			low, high = min(low, r.coverage()), max(high, r.coverage())
			switch {
			case !r.outside():
				inside++
			case r.reason() == "narrow":
				narrow++
			case r.reason() == "discrete":
				discrete++
			default:
				wide++
			}
		}
		if cells == 0 {
			fmt.Fprintf(w, "| %s | %d | 0 | %s | | | | | | |\n", g.estimate, g.size, percent(without, all))
			continue
		}
		fmt.Fprintf(w, "| %s | %d | %d | %s | %.1f | %.1f | %d | %d | %d | %d |\n", g.estimate, g.size, cells, percent(without, all), 100*low, 100*high, inside, discrete, wide, narrow)
	}
	for _, part := range []struct {
		title string
		is    func(row) bool
	}{
		{"Below 93 %", func(r row) bool { return r.coverage() < lowest }},
		{fmt.Sprintf("Above 97 %% with %d prompts or more, though not discrete", fewPrompts), func(r row) bool {
			return r.coverage() > highest && r.attainable && r.size >= fewPrompts
		}},
	} {
		var listed []row
		for _, r := range rows {
			if r.outside() && part.is(r) {
				listed = append(listed, r)
			}
		}
		if len(listed) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s:\n\n| estimate | prompts | truth | likeness | coverage %% | below the truth %% | above %% | without an interval %% |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n", part.title)
		for _, r := range listed {
			fmt.Fprintf(w, "| %s (%s) | %d | %.4g | %.2g | %.1f | %s | %s | %s |\n", r.estimate, r.scenario, r.size, r.target, r.likeness,
				100*r.coverage(), percent(r.below, r.shown()), percent(r.above, r.shown()), percent(r.without, r.experiments))
		}
	}
	if len(verdicts) > 0 {
		fmt.Fprintf(w, "\nTables with a verdict where nothing differs:\n\n| table | prompts | likeness | with a verdict %% |\n| --- | ---: | ---: | ---: |\n")
		for _, v := range verdicts {
			fmt.Fprintf(w, "| %s | %d | %.2g | %.1f |\n", v.table, v.prompts, v.likeness, 100*v.share())
		}
	}
	fmt.Fprintln(w)
}

// distinct lists what items are called, in order of appearance.
func distinct[T any](items []T, of func(T) string) []string {
	var names []string
	for _, item := range items {
		if name := of(item); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func percent(part, whole int) string {
	if whole == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", 100*float64(part)/float64(whole))
}

// standardError is of a share of 95 % of so many.
func standardError(n int) float64 { return math.Sqrt(0.95 * 0.05 / float64(n)) }
