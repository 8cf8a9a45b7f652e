package reports

import "strings"

// Verdict is what a run came to, in sentences, a line an evaluation.
func Verdict(input Input) string {
	var lines []string
	for _, verdict := range verdicts(input.Run, variantsOf(input), Build(input).Tables) {
		var claims []string
		if verdict.Evaluation != "" {
			claims = append(claims, verdict.Evaluation+":")
		}
		for _, claim := range verdict.Claims {
			claims = append(claims, strings.Join(append([]string{claim.Text}, claim.Items...), " "))
		}
		lines = append(lines, strings.Join(claims, " "))
	}
	return strings.Join(lines, "\n")
}

// Concluded is what a model, or a variant of an ablation, came to beside the baseline.
type Concluded struct {
	Values     map[string]string // of an ablation's variables, as the tables have them
	Model      string
	Conclusion Conclusion
}

// Conclusions are those of the rows that the verdict is made of, in their order.
func Conclusions(input Input) []Concluded {
	var all []Concluded
	for _, t := range Build(input).Tables {
		for _, row := range t.Rows {
			if !row.Headline {
				continue
			}
			one := Concluded{Values: map[string]string{}, Model: row.Subject}
			for _, column := range t.Columns {
				switch cell := row.Cell(column); column.Key.Field {
				case FieldVariable:
					one.Values[column.Key.Variable] = cell.Text
				case FieldConclusion:
					if one.Conclusion == "" {
						one.Conclusion = Conclusion(cell.Text)
					}
				}
			}
			if one.Conclusion != "" {
				all = append(all, one)
			}
		}
	}
	return all
}
