package labels

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// ImportComparisons reads people's choices between two images. The file is CSV
// with a header (also with semicolons or tabs between the fields, as spreadsheets
// write it), or Parquet, by its extension .parquet. It has the columns
//
//	first    the ID of an image
//	second   the ID of another image of the same prompt
//	choice   first, second or tie; empty: not compared yet
//	rater    a name; without the column all choices are of one person,
//	         called "rater"
//
// and may have others, which are passed over. Images are those that may be
// compared, by ID; nil: they are not known yet, and any may be meant. An image that is not among them, a pair of images of different
// prompts or of an image with itself, and a pair that one rater compares twice,
// also the other way round, are mistakes. How many rows have no choice yet is a
// warning.
//
// All mistakes are reported at once, with their lines; if there is one, there
// are no comparisons. Comparisons are in the order of the file.
func ImportComparisons(path string, images map[string]table.Image) ([]table.Comparison, diag.List) {
	i := comparisonImporter{path: path, images: images, seen: map[comparedPair]diag.Range{}}
	file := sheet{
		path:    path,
		columns: []string{"first", "second", "choice", "rater"},
		needed:  func(func(string) bool) []string { return []string{"first", "second", "choice"} },
		header:  "the columns first, second, choice and, if there are several raters, rater",
		found:   &i.findings,
	}
	err := file.each(func(row sheetRow) error {
		return i.add(comparisonRow{first: row.get("first"), second: row.get("second"), choice: row.get("choice"), rater: row.rater(), where: row.where})
	})
	file.ended(err, "comparisons", "the choice is empty. Write first, second or tie.", len(i.comparisons), i.open)
	if i.findings.HasErrors() {
		return nil, i.findings
	}
	if i.open > 0 {
		i.findings.Warningf(diag.Range{File: path}, fmt.Sprintf("%d of %d rows have no choice yet", i.open, i.open+len(i.comparisons)), "They are left out.")
	}
	return i.comparisons, i.findings
}

var theChoices = []string{"first", "second", "tie"}

type comparisonImporter struct {
	path        string
	images      map[string]table.Image
	comparisons []table.Comparison
	open        int // rows without a choice
	seen        map[comparedPair]diag.Range
	findings    diag.List
}

// comparedPair is two images, in the order of their IDs, and who compares them.
type comparedPair struct{ low, high, rater string }

// comparisonRow is a row as written.
type comparisonRow struct {
	first, second, choice, rater string
	where                        func(column string) diag.Range
}

// add checks a row and takes it in. It returns errStop when enough mistakes
// have been found.
func (i *comparisonImporter) add(r comparisonRow) error {
	if r.choice == "" && (r.first != "" || r.second != "") {
		i.open++
		return nil
	}
	before := len(i.findings)
	choice := strings.ToLower(r.choice)
	if !slices.Contains(theChoices, choice) {
		i.findings.Errorf(r.where("choice"), fmt.Sprintf("%q is not a choice", r.choice),
			"Write first or second, whichever image is better, or tie.%s", diag.DidYouMean(choice, theChoices))
	}
	if r.rater == "" {
		i.findings.Errorf(r.where("rater"), "The rater is missing", "Give every person a name.")
	}
	first, second := i.image(r.first, "first", r), i.image(r.second, "second", r)
	switch {
	case len(i.findings) > before:
	case r.first == r.second:
		i.findings.Errorf(r.where("second"), fmt.Sprintf("Image %q is compared with itself", r.first), "Name two images of one prompt.")
	case first.Prompt != second.Prompt: // alike where they are not known
		i.findings.Errorf(r.where("second"), "The images are of different prompts",
			"%q was made for %q, and %q for %q. Which of them is better says nothing: compare images of one prompt.", r.first, first.Prompt, r.second, second.Prompt)
	default:
		pair := comparedPair{min(r.first, r.second), max(r.first, r.second), r.rater}
		if earlier, twice := i.seen[pair]; twice {
			i.findings.Errorf(r.where("first"), fmt.Sprintf("Rater %q has compared %q and %q before", r.rater, r.first, r.second),
				"The first time is on line %d. Keep one of the two, whichever image it has first.", earlier.Start.Line)
		} else {
			i.seen[pair] = r.where("first")
		}
	}
	i.comparisons = append(i.comparisons, table.Comparison{
		First: r.first, Second: r.second, Prompt: first.Prompt, Category: first.Category, Split: first.Split,
		Rater: r.rater, Choice: choice,
	})
	if len(i.findings) >= maxFindings {
		i.findings.Errorf(diag.Range{File: i.path}, "There may be more mistakes", "Reading stopped after %d.", maxFindings)
		return errStop
	}
	return nil
}

// image finds an image that a row names.
func (i *comparisonImporter) image(id, column string, r comparisonRow) table.Image {
	image, ok := i.images[id]
	switch {
	case id == "":
		i.findings.Errorf(r.where(column), "The image's ID is missing", "Every row needs the IDs of two images.")
	case !ok && i.images != nil:
		i.findings.Errorf(r.where(column), fmt.Sprintf("There is no image %q", id),
			"The IDs are those of the images that the comparisons block refers to. If the images were drawn anew since, their IDs may be others.%s", hint(id, i.images))
	}
	return image
}
