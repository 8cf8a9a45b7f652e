package reports

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// WriteBook writes the tables of several runs, with the command, the machine
// and the versions of each, as one file of GitHub's Markdown, and the numbers of
// each seed as JSON into a file of the same name beside it (NumbersPath). It
// replaces a file at once or not at all.
func WriteBook(path string, inputs []Input) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("make the folder of the results: %w", err)
	}
	numbers := NumbersPath(path)
	for _, file := range []struct {
		path   string
		render func(io.Writer) error
	}{
		{numbers, func(w io.Writer) error { return writeBookNumbers(w, inputs) }},
		{path, func(w io.Writer) error {
			_, err := w.Write(book(inputs, filepath.Base(numbers)))
			return err
		}},
	} {
		err := writeFile(file.path, func(w io.Writer) (bool, error) { return true, file.render(w) })
		if err != nil {
			return fmt.Errorf("write %s: %w", file.path, err)
		}
	}
	return nil
}

// NumbersPath is where the numbers beside a book are.
func NumbersPath(book string) string {
	return strings.TrimSuffix(book, filepath.Ext(book)) + ".json"
}

func book(inputs []Input, numbers string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Results\n\nWritten by `plumb report` from the records of the runs. The numbers of each seed are in\n[%s](%s).\n", numbers, numbers)
	for _, input := range inputs {
		b.WriteString("\n")
		r := Build(input)
		var versions []string
		for _, name := range slices.Sorted(maps.Keys(input.Run.Versions)) {
			versions = append(versions, name+" "+input.Run.Versions[name])
		}
		if versions != nil {
			r.Notes = append(r.Notes, "Versions: "+strings.Join(versions, ", ")+".")
		}
		r.Protocols = nil // of so many runs they are in each one's results.json
		addMarkdown(&b, r, nil, 2)
	}
	return b.Bytes()
}
