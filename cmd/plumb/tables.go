package main

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/plumb-ml/plumb/reports"
)

// printReport prints what came out of a run, or all of its tables.
func (p *program) printReport(input reports.Input) error {
	width := min(p.width(p.out), 120)
	if p.tables == allTables {
		return reports.Print(p.out, width, input)
	}
	return reports.PrintSummary(p.out, width, input)
}

// tablesFlag is the choice of --tables.
type tablesFlag string

// The choices of --tables.
const (
	summaryTables tablesFlag = "summary"
	allTables     tablesFlag = "all"
)

// addTables adds the flag --tables.
func (p *program) addTables(flags *pflag.FlagSet) {
	p.tables = summaryTables
	flags.Var(&p.tables, "tables", "what to print: summary, or all tables with how their numbers were made")
}

func (t *tablesFlag) String() string { return string(*t) }
func (t *tablesFlag) Type() string   { return "summary|all" }

func (t *tablesFlag) Set(word string) error {
	switch tablesFlag(word) {
	case summaryTables, allTables:
		*t = tablesFlag(word)
		return nil
	}
	return errors.New("it is summary or all")
}
