package page

import (
	"encoding/base64"
	"fmt"
	"html/template"
)

// Grid is images of the same prompts by every model of an evaluation.
type Grid struct {
	Evaluation string // empty where there is one alone
	Columns    []string
	About      []string // how the prompts were chosen, and what stands under an image
	Rows       []GridRow
	Changes    []Changes
	Changed    []GridRow // rows of the prompts that changed most, where Rows has them not
	Judged     bool      // raters judged the images: these have verdicts
	Small      bool      // images are enlarged, pixel by pixel
}

// All is every row.
func (g Grid) All() int { return len(g.Rows) + len(g.Changed) }

// Categories lists the categories of the prompts, and Splits their splits, each once
// in order of appearance.
func (g Grid) Categories() []string { return g.distinct(func(r GridRow) string { return r.Category }) }

// Splits lists the splits of the prompts.
func (g Grid) Splits() []string { return g.distinct(func(r GridRow) string { return r.Split }) }

func (g Grid) distinct(of func(GridRow) string) []string {
	var all []string
	seen := map[string]bool{"": true}
	for _, rows := range [][]GridRow{g.Rows, g.Changed} {
		for _, row := range rows {
			if value := of(row); !seen[value] {
				seen[value] = true
				all = append(all, value)
			}
		}
	}
	return all
}

// GridRow is the images of one prompt, a cell for each model.
type GridRow struct {
	ID                      string // of its place on the page
	Prompt, Category, Split string
	Cells                   []GridCell
}

// GridCell is one model's images of a prompt.
type GridCell struct {
	Model  string
	Good   string // such as "3 of 4 good"; empty: nobody judged them
	Images []Image
}

// Image is an image with what raters and rewards say of it.
type Image struct {
	Source        string // a data URI, of DataURI
	Now           bool   // it is there without the script, and before it scrolls into view
	Width, Height int
	Index         int32  // among the images of its prompt
	Verdict       string // "good", "bad", "even"; empty: nobody judged it
	Caption       string // the votes, such as 7/9
	Score         string // of the reward that the grid's words name; empty: none
	Words         string // all that is known of it
}

// The verdicts of an image's raters.
const (
	Good = "good"
	Bad  = "bad"
	Even = "even"
)

// Mark is the verdict as a sign.
func (i Image) Mark() string {
	return map[string]string{Good: "✓", Bad: "✕", Even: "="}[i.Verdict]
}

// Attribute is where the image's content stands: in src, or, until it scrolls into
// view, in data-src.
func (i Image) Attribute() template.HTMLAttr {
	name := "data-src"
	if i.Now {
		name = "src"
	}
	return template.HTMLAttr(fmt.Sprintf(`%s="%s"`, name, template.HTMLEscapeString(i.Source)))
}

// DataURI is an image file as an address. The kind is a media type, such as image/png.
func DataURI(kind string, content []byte) string {
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(content)
}

// Changes is the prompts at which a model gained and lost most against its baseline.
type Changes struct {
	Model, Baseline string
	Measure         string // what changed
	Gains, Losses   []Change
}

// Change is how much one prompt changed.
type Change struct {
	Row     string // the ID of its row; empty: its images are not on the page
	Prompt  string
	Part    string // its category and split
	By      string // such as "+75 points"
	Between string // such as "25 % to 100 % of 4 images"
}
