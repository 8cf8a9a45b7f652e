package reports

import (
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// Field says which sort of thing a column holds.
type Field string

// The fields. Those of words come first, then those of numbers.
const (
	FieldVariable   Field = "variable"   // the value of a variable, or the variant's name
	FieldSubject    Field = "subject"    // a model, a reward or images
	FieldVersus     Field = "versus"     // what the subject is compared with
	FieldPart       Field = "part"       // of the prompts
	FieldAspect     Field = "aspect"     // what raters were asked of two images
	FieldQuantity   Field = "quantity"   // what a difference is of
	FieldSeeds      Field = "seeds"      // how many seeds are behind a difference
	FieldConclusion Field = "conclusion" // of the comparison of the number that has the same key otherwise
	FieldReading    Field = "reading"    // what a number says, in words
	FieldNumber     Field = "number"     // a metric
	FieldValue      Field = "value"      // the subject's own number, where FieldNumber is its difference
	FieldP          Field = "p"          // of the comparison of the number that has the same key otherwise
)

// ColumnKey says what a column holds, so that a cell is found by what it means and
// never by where it stands.
type ColumnKey struct {
	Field    Field
	Variable string // of FieldVariable
	Metric   string // of numbers: its name in the table of metrics; empty: that of the row
	OfVersus bool   // of numbers: it is not the subject's, but that of what the subject is compared with
	Versus   string
	Reward   string
	// ScorePart is which of the reward's further numbers; empty: its score.
	ScorePart string
	Aspect    string // that raters were asked about; empty: that of the row
	Category  string
	Split     string
}

// words reports whether cells of the column hold words, not numbers.
func (k ColumnKey) words() bool {
	return k.Field != FieldNumber && k.Field != FieldValue && k.Field != FieldP
}

// difference reports whether the column holds differences from something, which are
// written with their sign.
func (k ColumnKey) difference() bool {
	isOne := slices.Contains([]string{"", metric.AverageRewardDifference, metric.Strength, metric.StrengthDifference}, k.Metric)
	for _, d := range distances {
		isOne = isOne || k.Metric == d.difference
	}
	return k.Field == FieldNumber && isOne
}

// as is the key of another field of the same number.
func (k ColumnKey) as(field Field) ColumnKey {
	k.Field = field
	return k
}

// Column is one quantity. The first columns of a table name what a row is about.
type Column struct {
	Key    ColumnKey
	Title  string
	Better record.Direction
	Detail bool // left out in the terminal; the files have it
}

// wordColumn is a column of words.
func wordColumn(field Field, title string) Column {
	return Column{Key: ColumnKey{Field: field}, Title: title}
}

// metricColumn is the column of a metric over a part of the prompts, titled as the
// table of metrics has it.
func metricColumn(name string, over part) Column {
	row, _ := metric.Define(name)
	title := row.Title
	if over.split != "" {
		title += ", " + over.split
	}
	if row.Unit == record.Share {
		title += " %"
	}
	return Column{Key: ColumnKey{Field: FieldNumber, Metric: name, Category: over.category, Split: over.split}, Title: title, Better: row.Better}
}

// titled is the column under another title.
func (c Column) titled(title string) Column {
	c.Title = title
	return c
}

// described is the column of a number that is neither good nor bad by itself, or
// whose conclusion stands beside it.
func (c Column) described() Column {
	c.Better = record.Neither
	return c
}

// detailed is the column of a number that the terminal has no room for.
func (c Column) detailed() Column {
	c.Detail = true
	return c
}

// conclusionOf and pOf are the columns of what a comparison came to.
func conclusionOf(number Column) Column {
	return Column{Key: number.Key.as(FieldConclusion), Title: "conclusion"}
}

func pOf(number Column) Column { return Column{Key: number.Key.as(FieldP), Title: "p"} }

// title is a column's title with an arrow in the better direction.
func (c Column) title() string {
	switch c.Better {
	case record.Higher:
		return c.Title + " ↑"
	case record.Lower:
		return c.Title + " ↓"
	}
	return c.Title
}
