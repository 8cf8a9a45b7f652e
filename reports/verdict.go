package reports

import "strings"

// Verdict is what a run came to.
type Verdict struct {
	Text      string      // in sentences, a line an evaluation
	Concluded []Concluded // the rows that it is made of, in their order
}

// Concluded is what a model, or a variant of an ablation, came to beside the baseline.
type Concluded struct {
	Values     map[string]string // of an ablation's variables, as the tables have them
	Model      string
	Quantity   string // what of it was compared
	Conclusion Conclusion
}

// VerdictOf reads what a run came to out of its tables.
func VerdictOf(input Input) Verdict {
	tables := Build(input).Tables
	var lines []string
	for _, one := range verdicts(input.Run, variantsOf(input), tables) {
		var claims []string
		if one.Evaluation != "" {
			claims = append(claims, one.Evaluation+":")
		}
		for _, claim := range one.Claims {
			claims = append(claims, strings.Join(append([]string{claim.Text}, claim.Items...), " "))
		}
		lines = append(lines, strings.Join(claims, " "))
	}
	verdict := Verdict{Text: strings.Join(lines, "\n")}
	for _, t := range tables {
		for _, row := range t.Rows {
			if one, ok := t.concluded(row); ok {
				verdict.Concluded = append(verdict.Concluded, one)
			}
		}
	}
	return verdict
}

// concluded is what a headline row came to; ok is false for others.
func (t Table) concluded(row Row) (one Concluded, ok bool) {
	one = Concluded{Values: map[string]string{}, Model: row.Subject, Quantity: strings.TrimPrefix(t.Claim, "By ")}
	for _, column := range t.Columns {
		switch cell := row.Cell(column); column.Key.Field {
		case FieldVariable:
			one.Values[column.Key.Variable] = cell.Text
		case FieldQuantity:
			one.Quantity = cell.Text
		case FieldAspect:
			one.Quantity += ", " + cell.Text
		case FieldConclusion:
			if one.Conclusion == "" {
				one.Conclusion = Conclusion(cell.Text)
			}
		}
	}
	return one, t.Claim != "" && row.Headline && one.Conclusion != ""
}
