package reports

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// NumberFiles are what WriteNumbers writes.
var NumberFiles = []string{"tables.md", "tables.csv", "results.json"}

// WriteNumbers makes those files of a report in dir, which it creates, that are numbers
// alone: no page, no figure. They are made of records and nothing else.
func WriteNumbers(dir string, input Input) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("make the report's folder: %w", err)
	}
	report := Build(input)
	for i, render := range []func(io.Writer) error{
		func(w io.Writer) error { return writeMarkdown(w, report, nil) },
		func(w io.Writer) error { return writeCSV(w, report) },
		func(w io.Writer) error { return writeResults(w, input, report) },
	} {
		name := NumberFiles[i]
		if err := writeFile(filepath.Join(dir, name), func(w io.Writer) (bool, error) { return true, render(w) }); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}
