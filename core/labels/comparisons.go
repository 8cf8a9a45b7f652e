package labels

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
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
	i := comparisonImporter{path: path, images: images, choices: []string{"first", "second", "tie"}}
	choices, findings := i.read()
	var comparisons []table.Comparison
	for _, choice := range choices {
		comparisons = append(comparisons, choice.Comparison)
	}
	return comparisons, findings
}

// BlindChoice is what somebody says of one aspect of two images, which First and Second
// name by their BlindID. Their prompt is not known from it.
type BlindChoice struct {
	table.Comparison
	Aspect string // "alignment" or "fidelity"
}

// ImportBlindChoices reads choices as ImportComparisons does, from a file that names
// images by their BlindID, as the sheet that WriteBlindPairs writes. A choice may also
// be skip, and a column aspect says what it is about, alignment or fidelity; without the
// column, all are about alignment. Such a file is for the images of several tables: which
// they are is not looked at, and rows without a choice are passed over in silence.
func ImportBlindChoices(path string) ([]BlindChoice, diag.List) {
	i := comparisonImporter{path: path, blind: true, choices: []string{"first", "second", "tie", "skip"}}
	return i.read()
}

// read reads the whole file.
func (i *comparisonImporter) read() ([]BlindChoice, diag.List) {
	i.seen = map[comparedPair]diag.Range{}
	file := sheet{
		path:    i.path,
		columns: []string{"first", "second", "choice", "rater"},
		needed:  func(func(string) bool) []string { return []string{"first", "second", "choice"} },
		header:  "the columns first, second, choice and, if there are several raters, rater",
		found:   &i.findings,
	}
	if i.blind {
		file.columns = append(file.columns, "aspect")
		file.header = "the columns first, second, choice and, if there are several raters or aspects, rater and aspect"
	}
	err := file.each(func(row sheetRow) error {
		r := comparisonRow{first: row.get("first"), second: row.get("second"), choice: row.get("choice"), rater: row.rater(), aspect: people.Alignment, where: row.where}
		if i.blind && row.has("aspect") {
			r.aspect = strings.ToLower(row.get("aspect"))
		}
		return i.add(r)
	})
	file.ended(err, "comparisons", "the choice is empty. Write "+either(i.choices)+".", len(i.found), i.open)
	if i.findings.HasErrors() {
		return nil, i.findings
	}
	if i.open > 0 && !i.blind {
		i.findings.Warningf(diag.Range{File: i.path}, fmt.Sprintf("%d of %d rows have no choice yet", i.open, i.open+len(i.found)), "They are left out.")
	}
	return i.found, i.findings
}

// either is a choice of words in a sentence.
func either(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

var theAspects = []string{people.Alignment, people.Fidelity}

type comparisonImporter struct {
	path     string
	images   map[string]table.Image
	blind    bool     // the IDs are those of BlindID
	choices  []string // that there are
	found    []BlindChoice
	open     int // rows without a choice
	seen     map[comparedPair]diag.Range
	findings diag.List
}

// comparedPair is two images, in the order of their IDs, in what they are compared, and
// by whom.
type comparedPair struct{ low, high, aspect, rater string }

// comparisonRow is a row as written.
type comparisonRow struct {
	first, second, choice, rater, aspect string
	where                                func(column string) diag.Range
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
	if !slices.Contains(i.choices, choice) {
		i.findings.Errorf(r.where("choice"), fmt.Sprintf("%q is not a choice", r.choice),
			"Write first or second, whichever image is better, or %s.%s", either(i.choices[2:]), diag.DidYouMean(choice, i.choices))
	}
	if !slices.Contains(theAspects, r.aspect) {
		i.findings.Errorf(r.where("aspect"), fmt.Sprintf("%q is not an aspect", r.aspect),
			"Write what the choice is about, alignment or fidelity.%s", diag.DidYouMean(r.aspect, theAspects))
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
		pair := comparedPair{min(r.first, r.second), max(r.first, r.second), r.aspect, r.rater}
		if earlier, twice := i.seen[pair]; twice {
			i.findings.Errorf(r.where("first"), fmt.Sprintf("Rater %q has compared %q and %q before", r.rater, r.first, r.second),
				"The first time is on line %d. Keep one of the two, whichever image it has first.", earlier.Start.Line)
		} else {
			i.seen[pair] = r.where("first")
		}
	}
	i.found = append(i.found, BlindChoice{table.Comparison{
		First: r.first, Second: r.second, Prompt: first.Prompt, Category: first.Category, Split: first.Split,
		Rater: r.rater, Choice: choice,
	}, r.aspect})
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
	case i.blind && !isBlindID(id):
		i.findings.Errorf(r.where(column), fmt.Sprintf("%q is not the ID of an image of an evaluation", id),
			"Such an ID is %d digits and letters from a to f; `plumb export FILE evaluate/NAME/preference DIRECTORY --label-sheet` writes a file with the IDs in it.", blindIDLength)
	case !ok && i.images != nil:
		i.findings.Errorf(r.where(column), fmt.Sprintf("There is no image %q", id),
			"The IDs are those of the images that the comparisons block refers to. If the images were drawn anew since, their IDs may be others.%s", hint(id, i.images))
	}
	return image
}
