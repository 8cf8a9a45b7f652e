package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// columnsOf lists the columns of a table of rows T as docs/tables.md writes them.
func columnsOf[T any](t *testing.T) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table.parquet")
	if err := table.WriteAll[T](path, nil); err != nil {
		t.Fatal(err)
	}
	content, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	info, err := content.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(content, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"STRING": "string", "BYTE_ARRAY": "binary", "INT(32,true)": "int32", "INT(64,false)": "uint64", "DOUBLE": "double", "FLOAT": "float"}
	var columns []string
	for _, path := range file.Schema().Columns() {
		leaf, _ := file.Schema().Lookup(path...)
		name, kind := strings.Join(path, "."), names[leaf.Node.Type().String()]
		switch {
		case kind == "":
			t.Errorf("column %s has the type %s", name, leaf.Node.Type())
		case leaf.MaxRepetitionLevel > 0:
			name, kind = path[0], "list of "+kind
		case leaf.Node.Optional():
			kind += ", optional"
		}
		columns = append(columns, fmt.Sprintf("%s: %s", name, kind))
	}
	return columns
}

// TestColumns: docs/tables.md lists every column of every table, in its type and
// in the order of the file, and no other.
func TestColumns(t *testing.T) {
	text, err := os.ReadFile("../../docs/tables.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	row := regexp.MustCompile("^\\| `([^`]+)` \\| ([^|]+) \\| .+ \\|$")
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## "); ok {
			section = name
		}
		if cells := row.FindStringSubmatch(line); cells != nil {
			documented[section] = append(documented[section], cells[1]+": "+cells[2])
		}
	}
	want := map[string][]string{
		"images": columnsOf[table.Image](t), "labels": columnsOf[table.Label](t), "comparisons": columnsOf[table.Comparison](t), "preferences": columnsOf[table.Preference](t), "scores": columnsOf[table.Score](t),
		"features": columnsOf[table.Feature](t), "texts": columnsOf[table.ListedText](t), "text_features": columnsOf[table.TextFeature](t), "curve": columnsOf[CurvePoint](t), "values": columnsOf[PromptValue](t),
	}
	want["scores"] = append(want["scores"], "part_NAME: double") // of rewards that have parts
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("docs/tables.md (-tables +page):\n%s", diff)
	}
}
