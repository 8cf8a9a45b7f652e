package page

// Table is a table whose rows can be sorted by any column.
type Table struct {
	Title   string
	Columns []Column
	Rows    []Row
	Left    string   // in words, the rows that the page has no room for; empty: none
	Notes   []string // how its intervals and tests were made
}

// tallTable is how many rows a table has that scrolls in a window of its own.
const tallTable = 30

// Tall reports whether the table scrolls in a window of its own.
func (t Table) Tall() bool { return len(t.Rows) > tallTable }

// Column is a column of words or of numbers.
type Column struct {
	Title   string
	Numbers bool
}

// Row is a row; its first cell says what it is about.
type Row struct {
	Baseline bool // what the others are compared with
	Cells    []Cell
}

// Cell is what a row says in a column.
type Cell struct {
	Text     string
	Interval string // such as ±3.1; empty: none
	Detail   string // the whole number, its interval, n and test, in words; empty: nothing more to say
	Value    string // what numbers are sorted by; empty: no number
	Verdict  string // "better" or "worse" of a cell that concludes so; empty: any other
}
