package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/protocol"
	"github.com/plumb-ml/plumb/core/record"
)

// refusedText stands in the place of a number that was made otherwise than the baseline
// run's.
const refusedText = "unlike"

// Report is the comparison in tables: the numbers of every evaluation, and their
// differences from the baseline run.
func (s *SideBySide) Report() *Report {
	r := &Report{Title: "Runs side by side", About: "against " + s.Baseline}
	var evaluations []string
	for _, number := range s.Numbers {
		if !slices.Contains(evaluations, number.Evaluation) {
			evaluations = append(evaluations, number.Evaluation)
		}
	}
	for _, name := range evaluations {
		for _, measure := range metric.Measures() {
			if t := s.numbersTable(name, measure); len(t.Rows) > 0 {
				r.Tables = append(r.Tables, t)
			}
		}
		if t := s.seedsTable(name); len(t.Rows) > 0 {
			r.Tables = append(r.Tables, t)
		}
		if t := s.differencesTable(name); len(t.Rows) > 0 {
			r.Tables = append(r.Tables, t)
		}
	}
	for i := range r.Tables {
		r.Tables[i].explain()
	}
	r.Notes = slices.Concat(s.refusals(), s.untested(), s.differing())
	for _, at := range s.shownProtocols() {
		r.Protocols = append(r.Protocols, fmt.Sprintf("Protocol %d: %s.", at, s.Protocols[at]))
	}
	return r
}

// variantNames reports whether any run has several variants.
func (s *SideBySide) variantNames() bool {
	return slices.ContainsFunc(s.Numbers, func(n ComparedNumber) bool { return n.Variant != "" })
}

// runColumn says which run a row is of.
func (s *SideBySide) runColumn() Column {
	return Column{Key: ColumnKey{Field: FieldVariable, Variable: "run"}, Title: "run"}
}

// otherRun is runColumn of tables that have no rows of the baseline run: of two runs,
// there is one.
func (s *SideBySide) otherRun() Column {
	column := s.runColumn()
	column.Detail = len(s.Runs) == 2
	return column
}

// leading are the columns that say which run and variant a row is of.
func (s *SideBySide) leading() []Column {
	columns := []Column{s.runColumn()}
	if s.variantNames() {
		columns = append(columns, Column{Key: ColumnKey{Field: FieldVariable, Variable: "variant"}, Title: "variant"})
	}
	return columns
}

func (n ComparedNumber) lead(row *Row, columns []Column) {
	row.Subject = n.Subject
	row.put(columns[0], text(n.Run))
	if len(columns) > 1 {
		row.put(columns[1], text(n.Variant))
	}
}

func (n ComparedNumber) over() part { return part{split: n.Split} }

// title is what a number is called.
func (n ComparedNumber) title() string {
	title := metricColumn(n.Metric, part{}).Title
	if n.Reward != "" {
		title += " " + n.Reward
	}
	return title
}

// numbersTable has a row for each subject of each run, and a column for each number of
// one measure.
func (s *SideBySide) numbersTable(evaluation string, measure metric.MeasureDefinition) Table {
	lead := s.leading()
	subject, prompts := wordColumn(FieldSubject, "of"), wordColumn(FieldPart, "prompts")
	t := Table{ID: string(measure.Measure), Title: evaluation + ": " + strings.ReplaceAll(string(measure.Measure), "_", " ") + ", side by side", Evaluation: evaluation, Columns: append(slices.Clone(lead), subject, prompts)}
	type at struct{ run, variant, subject, split string }
	rows := map[at]int{}
	for _, n := range s.Numbers {
		row, _ := metric.Define(n.Metric)
		if n.Evaluation != evaluation || row.Measure != measure.Measure {
			continue
		}
		column := metricColumn(n.Metric, part{})
		if n.Reward != "" {
			column.Key.Reward = n.Reward
			column.Title = n.title()
		}
		if !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Key == column.Key }) {
			t.Columns = append(t.Columns, column)
		}
		key := at{n.Run, n.Variant, n.Subject, n.Split}
		position, known := rows[key]
		if !known {
			position = len(t.Rows)
			rows[key] = position
			line := Row{Baseline: n.Run == s.Baseline}
			n.lead(&line, lead)
			line.put(subject, text(n.Subject))
			line.put(prompts, text(n.over().name()))
			t.Rows = append(t.Rows, line)
		}
		cell := Cell{Value: n.Value, Low: n.Low, High: n.High, Unit: n.Unit, N: n.N, Note: n.Note}
		switch {
		case n.Refused:
			cell = text(refusedText)
		case n.Value == nil:
			cell = Cell{Text: notAvailable, Note: n.Note}
		}
		t.Rows[position].put(column, cell)
	}
	if slices.ContainsFunc(t.Rows, func(row Row) bool {
		return slices.ContainsFunc(t.Columns, func(c Column) bool { return row.Cells[c.Key].Text == refusedText })
	}) {
		t.note(refusedText + ": made otherwise than the baseline run's, and not shown beside it; see below.")
	}
	return t
}

// differencesTable has a row for each difference from the baseline run.
func (s *SideBySide) differencesTable(evaluation string) Table {
	lead := s.leading()
	lead[0] = s.otherRun()
	subject, what, prompts := wordColumn(FieldSubject, "of"), wordColumn(FieldQuantity, "measure"), wordColumn(FieldPart, "prompts")
	number := Column{Key: ColumnKey{Field: FieldNumber}, Title: "difference"}
	t := Table{ID: "differences", Title: evaluation + ": differences from " + s.Baseline, Evaluation: evaluation, Claim: "Between the runs",
		Columns: append(slices.Clone(lead), subject, what, prompts, number, pOf(number), conclusionOf(number))}
	for _, n := range s.Numbers {
		if n.Evaluation != evaluation || n.Run == s.Baseline {
			continue
		}
		for _, d := range n.Compared {
			row := Row{Headline: true}
			n.lead(&row, lead)
			title := n.title()
			if d.Metric == metric.WinMinusLose {
				title = metricColumn(d.Metric, part{}).Title
			}
			row.put(subject, text(n.Subject))
			row.put(what, text(title))
			row.put(prompts, text(n.over().name()))
			row.put(number, d.cell())
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// mostNamed is how many names a note lists.
const mostNamed = 8

func few(names []string) string {
	if len(names) <= mostNamed {
		return strings.Join(names, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(names[:mostNamed], "; "), len(names)-mostNamed)
}

// refusals say what was refused and why, those with one reason together, and what else
// a reader has to know of two protocols.
func (s *SideBySide) refusals() []string {
	var said saying
	for _, n := range s.Numbers {
		var refused, remarks []string
		for _, d := range n.Unlike {
			if d.Weight == protocol.Remark {
				remarks = append(remarks, d.String())
			} else {
				refused = append(refused, d.String())
			}
		}
		who := n.who()
		if n.Refused {
			said.add("Refused, "+n.Run+" is unlike "+s.Baseline+" in "+strings.Join(refused, "; "), who)
		} else if refused != nil {
			said.add("Not paired, "+n.Run+" has other "+strings.Join(refused, "; "), who)
		}
		if remarks != nil && !n.Refused {
			said.add("Compared all the same, "+n.Run+" has other "+strings.Join(remarks, "; "), who)
		}
	}
	var notes []string
	for i, words := range said.words {
		notes = append(notes, words+" ("+few(said.of[i])+").")
	}
	return notes
}

// who is what a number is of, for a note.
func (n ComparedNumber) who() string {
	return strings.TrimSpace(n.title() + " of " + n.Subject + " " + n.Variant)
}

// untested says what has no comparison, and why, where nothing else says it.
func (s *SideBySide) untested() []string {
	var said saying
	for _, n := range s.Numbers {
		if n.NotTested != "" && protocol.Worst(n.Unlike) != protocol.Unpaired {
			said.add("Not compared, "+n.Run+": "+n.NotTested, n.who())
		}
	}
	var notes []string
	for i, words := range said.words {
		notes = append(notes, words+" ("+few(said.of[i])+").")
	}
	return notes
}

// differing says by run what makes them unlike in what they were asked to do.
func (s *SideBySide) differing() []string {
	var notes []string
	for _, run := range s.Runs {
		if len(run.Differs) > 0 {
			notes = append(notes, run.Run+" has "+few(run.Differs)+".")
		}
		if run.State != record.RunDone {
			notes = append(notes, fmt.Sprintf("%s is %s: numbers may be missing.", run.Run, run.State))
		}
	}
	return notes
}

// shownProtocols are those of the baseline run's numbers: the others are alike, or
// said to differ.
func (s *SideBySide) shownProtocols() []int {
	var ids []int
	for _, n := range s.Numbers {
		if n.Run == s.Baseline && !slices.Contains(ids, n.Protocol) && len(ids) < mostProtocols {
			ids = append(ids, n.Protocol)
		}
	}
	return ids
}

// mostTerminalRows is how long a table is that somebody reads in a terminal.
const mostTerminalRows = 60

// Print writes the comparison to a terminal of the given width.
func (s *SideBySide) Print(w io.Writer, width int) error {
	r := s.Report()
	r.Protocols = nil
	all := len(r.Tables)
	r.Tables = slices.DeleteFunc(r.Tables, func(t Table) bool {
		return len(s.Seeds) > 0 && t.ID != "seeds" || len(t.Rows) > mostTerminalRows
	})
	if len(r.Tables) < all { // of ablations
		r.Notes = append(r.Notes, "The numbers of each variant, and their differences prompt by prompt, are in the files of --out and in --json.")
	}
	return printTerminal(w, width, r)
}

// WriteJSON writes all of it for programs.
func (s *SideBySide) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(s)
}

// Write makes tables.md, tables.csv, tables.tex and compare.json in dir, which it
// creates. Each is replaced at once or not at all.
func (s *SideBySide) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("make the comparison's folder: %w", err)
	}
	r := s.Report()
	for _, file := range []struct {
		name   string
		render func(io.Writer) error
	}{
		{"tables.md", func(w io.Writer) error { return writeMarkdown(w, r, nil) }},
		{"tables.csv", func(w io.Writer) error { return writeCSV(w, r) }},
		{"tables.tex", func(w io.Writer) error { return writeLaTeX(w, r) }},
		{"compare.json", s.WriteJSON},
	} {
		if err := writeFile(filepath.Join(dir, file.name), func(w io.Writer) (bool, error) { return true, file.render(w) }); err != nil {
			return fmt.Errorf("write %s: %w", file.name, err)
		}
	}
	return nil
}
