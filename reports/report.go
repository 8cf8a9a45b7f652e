package reports

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/reports/figure"
)

// Input is what a report is made of.
type Input struct {
	Run     *record.Run
	Records map[string]*record.Record // by key; those of stages that did not get so far are absent
	// Open returns the path of an output's content. Nil: no pictures.
	Open func(o record.Output) (string, error)
}

// Report is a run in tables, independent of the form they are shown in.
type Report struct {
	Title   string
	About   string   // the experiment's description
	Command string   // to make the run again
	Alarms  []string // what must not be overlooked
	// Summary are the tables that say first what came out, for a terminal; all of their
	// numbers are in Tables, too.
	Summary []Table
	Tables  []Table
	// Troubles are what is missing, failed or was mended, and what components state of
	// all that they make.
	Troubles []string
	Notes    []string // n, raters, protocol, facts, and Troubles
	// Protocols say of which numbers each is and how these were made.
	Protocols []string
}

// Build makes the tables of a run. A run with several variants (an ablation) is
// compared by variant, over seeds; a single experiment by model and by reward.
func Build(input Input) *Report {
	r := &Report{Title: input.Run.Name, About: input.Run.Description, Command: input.Run.Command}
	variants := variantsOf(input)
	if len(variants) > 1 {
		r.Tables = append(variantTables(input.Run, variants), keptTable(variants)...)
		for _, t := range r.Tables {
			if t.Lead && t.measured() {
				r.Summary = append(r.Summary, t.condensed())
			}
		}
	} else {
		for _, variant := range variants {
			tables, summary := experimentTables(variant)
			r.Tables, r.Summary = append(r.Tables, tables...), append(r.Summary, summary...)
		}
	}
	// A table of which nothing was measured yet says no more than that.
	var empty []string
	r.Tables = slices.DeleteFunc(r.Tables, func(t Table) bool {
		if t.measured() {
			return false
		}
		empty = append(empty, t.Title)
		return true
	})
	for i := range r.Tables {
		r.Tables[i].explain()
	}
	r.Alarms = alarms(variants)
	r.Notes, r.Troubles = notes(input.Run, variants)
	names, values := protocolsOf(variants).lines()
	for i, name := range names {
		r.Protocols = append(r.Protocols, name+": "+values[i]+".")
	}
	if len(empty) > 0 {
		unmeasured := "Nothing was measured yet for: " + strings.Join(empty, "; ") + "."
		r.Notes, r.Troubles = append([]string{unmeasured}, r.Notes...), append([]string{unmeasured}, r.Troubles...)
	}
	return r
}

// experimentTables is every table of one experiment, one set per evaluation, and those
// that say first what came out.
func experimentTables(v variant) (tables, summary []Table) {
	several := len(v.evaluations) > 1
	for _, e := range v.evaluations {
		built := map[string]Table{} // by ID
		for _, build := range []func(variant, evaluation) (Table, bool){
			modelsTable, partsTable, winTable, preferenceTable, strengthTable, fidelityTable, accuracyTable, rewardsTable, cardTable, bestOfTable, categoryTable, categoryDifferencesTable,
		} {
			table, ok := build(v, e)
			if !ok {
				continue
			}
			built[table.ID] = table
			tables = append(tables, table.of(e.name, several))
		}
		lead, ok := built["models"]
		if wins, compared := built["wins"]; compared && wins.measured() {
			lead, ok = summaryTable(e, wins, built["fidelity"]), true
		}
		preference, chosen := built["preference"]
		for _, one := range []struct {
			table Table
			ok    bool
		}{{lead, ok}, {preference, chosen}} {
			if one.ok && one.table.measured() {
				summary = append(summary, one.table.of(e.name, several))
			}
		}
	}
	for _, c := range checkpointsOf(v) {
		tables = append(tables, c.table())
	}
	return tables, summary
}

// of is the table of an evaluation, and called so where there are several.
func (t Table) of(evaluation string, several bool) Table {
	t.Evaluation = evaluation
	if several {
		t.ID += "-" + evaluation
		t.Title += " (" + evaluation + ")"
	}
	return t
}

// Print writes all tables to a terminal of the given width in columns, and how their
// numbers were made.
func Print(w io.Writer, width int, input Input) error {
	return printTerminal(w, width, Build(input))
}

// PrintReport writes a report that is built already.
func PrintReport(w io.Writer, width int, r *Report) error { return printTerminal(w, width, r) }

// PrintSummary writes what came out: a table or two, what must not be overlooked, and
// what else there is.
func PrintSummary(w io.Writer, width int, input Input) error {
	r := Build(input)
	brief := *r
	brief.Tables, brief.Notes, brief.Protocols, brief.Command = r.Summary, r.Troubles, nil, ""
	if len(brief.Tables) == 0 { // of something else than models, or nothing yet
		brief.Tables = r.Tables
	} else {
		var more []string
		for _, t := range r.Tables {
			if !slices.ContainsFunc(r.Summary, func(shown Table) bool { return shown.Title == t.Title }) {
				more = append(more, t.Title)
			}
		}
		if len(more) > 0 {
			brief.Notes = append(brief.Notes, "More tables: "+strings.Join(more, "; ")+". They, and how each interval and test was made, are in the report's files and printed by --tables all.")
		}
	}
	return printTerminal(w, width, &brief)
}

// contents is all that a report's files are written from.
type contents struct {
	input    Input
	report   *Report
	variants []variant
	figures  []figure.Figure
	grids    []*imageGrid // images side by side, of each evaluation
}

// gather reads all that there is to show, so that nothing is written of a report that
// cannot be written whole.
func gather(ctx context.Context, input Input) (c contents, err error) {
	c = contents{input: input, report: Build(input), variants: variantsOf(input)}
	if c.grids, err = imageGrids(ctx, input, c.variants); err != nil {
		return c, err
	}
	c.figures, err = figuresOf(ctx, input, c.variants, c.grids)
	return c, err
}

// Write makes a report's files in dir, which it creates, and returns their names there:
// index.html, tables.md, tables.csv, tables.tex, results.json, and, as far as the run has
// something to show, figures.tex and the folder figures.
func Write(ctx context.Context, dir string, input Input) ([]string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make the report's folder: %w", err)
	}
	if err := atomicfile.SweepAbandoned(dir); err != nil { // of a run that was killed here
		return nil, fmt.Errorf("remove what a killed run left of its report: %w", err)
	}
	c, err := gather(ctx, input)
	if err != nil {
		return nil, err
	}
	drawn, err := writeFigures(ctx, dir, c.figures)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range []struct {
		name   string
		render func(io.Writer) error // nil: there is nothing to write
	}{
		{"index.html", c.page().Write},
		{"tables.md", func(w io.Writer) error { return writeMarkdown(w, c.report, c.figures) }},
		{"tables.csv", func(w io.Writer) error { return writeCSV(w, c.report) }},
		{"tables.tex", func(w io.Writer) error { return writeLaTeX(w, c.report) }},
		{"figures.tex", figuresTeX(c.report, c.figures)},
		{"results.json", func(w io.Writer) error { return writeResults(w, input, c.report) }},
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := writeFile(filepath.Join(dir, file.name), func(w io.Writer) (bool, error) {
			if file.render == nil {
				return false, nil
			}
			return true, file.render(w)
		})
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", file.name, err)
		}
		if file.render != nil {
			names = append(names, file.name)
		}
	}
	return append(names, drawn...), nil
}

// writeFile writes through a temporary file, so that no reader meets half a
// report. A file that there is nothing to write in is removed: it would be an
// earlier run's.
func writeFile(path string, render func(io.Writer) (bool, error)) error {
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Discard()
	written, err := render(file)
	if err != nil {
		return err
	}
	if !written {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	return file.Commit()
}
