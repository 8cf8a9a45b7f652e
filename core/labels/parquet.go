package labels

import (
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func (i *importer) readParquet() error {
	f, err := table.OpenForeign(i.path)
	if err != nil {
		return err
	}
	defer f.Close()
	columns := []string{"image_id", "label"}
	if f.First("image_id") == "" && f.First("index") != "" {
		columns = []string{"prompt", "label"}
	}
	for _, column := range columns {
		if f.First(column) == "" {
			return f.Missing(column)
		}
	}
	named := f.First("rater") != ""
	return f.Each([]string{"image_id", "rater", "label", "index", "prompt", "category", "split"}, func(row int, get func(string) parquet.Value) error {
		read := func(column string) string { return strings.TrimSpace(table.Text(get(column))) }
		rater := onlyRater
		if named {
			rater = read("rater")
		}
		return i.add(labelRow{
			imageID: read("image_id"), rater: rater, label: read("label"), index: read("index"),
			prompt: read("prompt"), category: read("category"), split: read("split"),
			// A row of a table is what a line is to a text.
			where: func(string) diag.Range {
				at := diag.Position{Line: row, Column: 1}
				return diag.Range{File: i.path, Start: at, End: at}
			},
		})
	})
}
