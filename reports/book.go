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
// and the versions of each, as one file of GitHub's Markdown. It replaces the
// file at path at once or not at all.
func WriteBook(path string, inputs []Input) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("make the folder of the results: %w", err)
	}
	err := writeFile(path, func(w io.Writer) (bool, error) {
		_, err := w.Write(book(inputs))
		return true, err
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func book(inputs []Input) []byte {
	var b bytes.Buffer
	b.WriteString("# Results\n\nWritten by `plumb report` from the records of the runs.\n")
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
		addMarkdown(&b, r, 2)
	}
	return b.Bytes()
}
