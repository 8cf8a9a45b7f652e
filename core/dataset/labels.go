package dataset

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
)

// maxFindings is how many mistakes of one file are worth reading.
const maxFindings = 50

// ImportLabels reads labels that people gave elsewhere. The file is CSV with a
// header (also with semicolons or tabs between the fields, as spreadsheets
// write it), or Parquet, by its extension .parquet. It has the columns
//
//	image_id   the ID of an image; or, in its place,
//	prompt     the prompt's text, and
//	index      the number of the image among those of its prompt, from 0
//	label      good, bad or skip; empty: not labelled yet
//	rater      a whole number, or any name; names become numbers in the order
//	           of the alphabet; without the column all labels are of one rater
//
// and may have others, of which prompt, category and split are read if images
// is nil. Otherwise these come from the images, by ID (see Captions), and an
// image that is not among them is a mistake. So is a rater who labels an image
// twice. How many rows have no label yet is a warning. WriteLabelSheet writes a
// file to begin with.
//
// All mistakes are reported at once, with their lines; if there is one, there
// are no labels.
func ImportLabels(path string, images map[string]Image) ([]Label, diag.List) {
	i := importer{path: path, images: images}
	if images != nil {
		i.byPrompt = make(map[promptIndex]string, len(images))
		for id, image := range images {
			i.byPrompt[promptIndex{image.Prompt, image.Index}] = id
		}
	}
	return i.read()
}

// ImportBlind reads labels as ImportLabels does, from a file that names images
// by their BlindID, as the sheet that WriteBlindSheet writes; images are by
// BlindID, too. Such a file is for the images of several tables: labels of others
// than these images are left out, but for the raters' numbers, which are the same
// whichever images are asked for.
func ImportBlind(path string, images map[string]Image) ([]Label, diag.List) {
	i := importer{path: path, images: images, blind: true}
	labels, findings := i.read()
	labels = slices.DeleteFunc(labels, func(label Label) bool { return label.ImageID == "" })
	return labels, findings
}

// LabelledIDs lists the images that a file has a label for, by the IDs that it
// gives them; none if there is no such file.
func LabelledIDs(path string) (map[string]bool, diag.List) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	i := importer{path: path}
	labels, findings := i.read()
	if len(labels) == 0 && i.unlabelled > 0 {
		return nil, nil // a sheet that nobody has written into
	}
	ids := map[string]bool{}
	for _, label := range labels {
		ids[label.ImageID] = true
	}
	return ids, findings
}

// read reads the whole file.
func (i *importer) read() ([]Label, diag.List) {
	path := i.path
	i.seen = map[string]diag.Range{}
	var err error
	if strings.EqualFold(filepath.Ext(path), ".parquet") {
		err = i.readParquet()
	} else {
		err = i.readCSV()
	}
	if err != nil && !errors.Is(err, errStop) {
		i.report(diag.Range{File: path}, "The labels cannot be read", err.Error())
	}
	switch {
	case i.findings != nil || len(i.labels) > 0:
	case i.unlabelled > 0:
		i.report(diag.Range{File: path}, "The file has no labels", fmt.Sprintf("In all of its %d rows the label is empty. Write good, bad or skip.", i.unlabelled))
	default:
		i.report(diag.Range{File: path}, "The file has no labels", "It has no rows below its header.")
	}
	if i.findings.HasErrors() {
		return nil, i.findings
	}
	if i.unlabelled > 0 && !i.blind { // its rows are those of other tables too
		i.findings = append(i.findings, diag.Diagnostic{
			Severity: diag.Warning,
			Summary:  fmt.Sprintf("%d of %d rows have no label yet", i.unlabelled, i.unlabelled+len(i.labels)),
			Detail:   "They are left out.",
			Subject:  diag.Range{File: path},
		})
	}
	i.numberRaters()
	return i.labels, i.findings
}

type importer struct {
	path       string
	images     map[string]Image
	byPrompt   map[promptIndex]string // the IDs of images; nil: images are named by ID alone
	blind      bool                   // the IDs are those of BlindID
	labels     []Label
	unlabelled int                   // rows
	raters     []string              // of each label, as written
	seen       map[string]diag.Range // by image and rater
	findings   diag.List
}

// promptIndex is an image as its prompt and its number name it.
type promptIndex struct {
	prompt string
	index  int32
}

// onlyRater is the rater of a file that names none.
const onlyRater = "0"

// labelRow is a row as written.
type labelRow struct {
	imageID, rater, label   string
	index                   string
	prompt, category, split string
	where                   func(column string) diag.Range
}

func (i *importer) report(where diag.Range, summary, detail string) {
	i.findings = append(i.findings, diag.Diagnostic{Severity: diag.Error, Summary: summary, Detail: detail, Subject: where})
}

// add checks a row and takes it in. It returns errStop when enough mistakes
// have been found.
func (i *importer) add(r labelRow) error {
	if r.label == "" && (r.imageID != "" || r.prompt != "") {
		i.unlabelled++
		return nil
	}
	label := Label{
		ImageID: r.imageID, Prompt: r.prompt, Category: r.category, Split: r.split,
		Label: strings.ToLower(r.label),
	}
	before := len(i.findings)
	switch label.Label {
	case "good", "bad", "skip":
	default:
		i.report(r.where("label"), fmt.Sprintf("%q is not a label", r.label), "Write good, bad or skip.")
	}
	if r.rater == "" {
		i.report(r.where("rater"), "The rater is missing", "Give every person a number or a name.")
	}
	switch {
	case i.blind:
		label.ImageID = i.reveal(&label, r)
	case r.imageID == "" && r.index != "" && i.images != nil:
		r.imageID = i.find(r)
		label.ImageID = r.imageID
	case r.imageID == "":
		i.report(r.where("image_id"), "The image's ID is missing", "Every row needs the ID of an image, or its prompt and index.")
	}
	if r.imageID != "" && i.images != nil && !i.blind {
		image, ok := i.images[r.imageID]
		if !ok {
			i.report(r.where("image_id"), fmt.Sprintf("There is no image %q", r.imageID), "The IDs are those of the images that the labels block refers to. If the images were drawn anew since, their IDs may be others.")
		}
		label.Prompt, label.Category, label.Split = image.Prompt, image.Category, image.Split
	}
	if len(i.findings) == before {
		pair := r.imageID + "\x00" + r.rater
		if first, twice := i.seen[pair]; twice {
			i.report(r.where("rater"), fmt.Sprintf("Rater %q has labelled image %q before", r.rater, r.imageID),
				fmt.Sprintf("The first time is at %s. Keep one of the two.", place(first)))
		} else {
			i.seen[pair] = r.where("rater")
		}
	}
	i.labels = append(i.labels, label)
	i.raters = append(i.raters, r.rater)

	if len(i.findings) >= maxFindings {
		i.report(diag.Range{File: i.path}, "There may be more mistakes", fmt.Sprintf("Reading stopped after %d.", maxFindings))
		return errStop
	}
	return nil
}

// find returns the ID of the image that a row names by prompt and index, and ""
// after reporting that there is none.
func (i *importer) find(r labelRow) string {
	index, err := strconv.ParseInt(r.index, 10, 32)
	if err != nil || index < 0 {
		i.report(r.where("index"), fmt.Sprintf("%q is not the number of an image", r.index), "The images of a prompt are counted from 0.")
		return ""
	}
	id, ok := i.byPrompt[promptIndex{r.prompt, int32(index)}]
	if !ok {
		i.report(r.where("prompt"), fmt.Sprintf("There is no image %d of the prompt %q", index, r.prompt), "The images are those that the labels block refers to; those of a prompt are counted from 0.")
	}
	return id
}

// reveal returns the ID in its table of the image that a row names blindly, and
// says where it belongs; "" if it is none of the images that are asked for, or
// after reporting that it is not an image's name at all.
func (i *importer) reveal(label *Label, r labelRow) string {
	if !isBlindID(r.imageID) {
		i.report(r.where("image_id"), fmt.Sprintf("%q is not the ID of an image", r.imageID),
			"The IDs are those of the sheet that plumb export --label-sheet writes for an evaluate block: leave that column as it is.")
		return ""
	}
	image := i.images[r.imageID]
	label.Prompt, label.Category, label.Split = image.Prompt, image.Category, image.Split
	return image.ID
}

func place(r diag.Range) string {
	if r.Start.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("line %d", r.Start.Line)
}

// numberRaters turns the raters as written into numbers.
func (i *importer) numberRaters() {
	numbers := map[string]int32{}
	for _, r := range i.raters {
		n, err := strconv.ParseInt(r, 10, 32)
		if err != nil || n < 0 {
			numbers = nil
			break
		}
		numbers[r] = int32(n)
	}
	if numbers == nil {
		numbers = map[string]int32{}
		for _, r := range i.raters {
			numbers[r] = 0
		}
		for n, r := range slices.Sorted(maps.Keys(numbers)) {
			numbers[r] = int32(min(n, math.MaxInt32))
		}
	}
	for n := range i.labels {
		i.labels[n].Rater = numbers[i.raters[n]]
	}
}

func (i *importer) readParquet() error {
	table, err := openForeign(i.path)
	if err != nil {
		return err
	}
	defer table.close()
	columns := []string{"image_id", "label"}
	if table.first("image_id") == "" && table.first("index") != "" {
		columns = []string{"prompt", "label"}
	}
	for _, column := range columns {
		if table.first(column) == "" {
			return table.missing(column)
		}
	}
	named := table.first("rater") != ""
	return table.each(func(row int, get func(string) parquet.Value) error {
		read := func(column string) string { return strings.TrimSpace(text(get(column))) }
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

func (i *importer) readCSV() error {
	b, err := os.ReadFile(i.path)
	if err != nil {
		return err
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // of spreadsheets
	r := csv.NewReader(bytes.NewReader(b))
	r.Comma = separator(b)
	r.FieldsPerRecord = -1 // counted below, with a message of our own
	r.ReuseRecord = true

	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty; its first line should be image_id,label or image_id,rater,label")
	} else if err != nil {
		return err
	}
	columns := map[string]int{}
	for n, name := range header {
		columns[strings.ToLower(strings.TrimSpace(name))] = n
	}
	fields := len(header)
	needed := []string{"image_id", "label"}
	_, byID := columns["image_id"]
	if _, byIndex := columns["index"]; byIndex && !byID {
		needed = []string{"prompt", "label"}
	}
	_, named := columns["rater"]
	for _, name := range needed {
		if _, ok := columns[name]; !ok {
			i.report(diag.Range{File: i.path, Start: diag.Position{Line: 1, Column: 1}, End: diag.Position{Line: 1, Column: 1}},
				fmt.Sprintf("There is no column %q", name),
				fmt.Sprintf("The first line should name the columns image_id (or prompt and index), label and, if there are several raters, rater; it names %s.", strings.Join(slices.Sorted(maps.Keys(columns)), ", ")))
		}
	}
	if i.findings != nil {
		return nil
	}

	for {
		fieldsOfRow, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &wrong):
			at := diag.Position{Line: wrong.Line, Column: wrong.Column}
			i.report(diag.Range{File: i.path, Start: at, End: at}, "The line is not CSV", wrong.Err.Error()+". A quote that begins a field must end it too.")
			return nil
		case err != nil:
			return err
		}
		where := func(column string) diag.Range {
			n, ok := columns[column]
			if !ok || n >= len(fieldsOfRow) {
				n = 0
			}
			line, first := r.FieldPos(n)
			start := diag.Position{Line: line, Column: first}
			return diag.Range{File: i.path, Start: start, End: diag.Position{Line: line, Column: first + len(fieldsOfRow[n])}}
		}
		if len(fieldsOfRow) != fields {
			i.report(where("image_id"), fmt.Sprintf("The line has %d fields", len(fieldsOfRow)), fmt.Sprintf("The first line has %d.", fields))
			if len(i.findings) >= maxFindings {
				return nil
			}
			continue
		}
		read := func(column string) string {
			n, ok := columns[column]
			if !ok {
				return ""
			}
			return strings.Clone(strings.TrimSpace(fieldsOfRow[n]))
		}
		rater := onlyRater
		if named {
			rater = read("rater")
		}
		if err := i.add(labelRow{
			imageID: read("image_id"), rater: rater, label: read("label"), index: read("index"),
			prompt: read("prompt"), category: read("category"), split: read("split"),
			where: where,
		}); err != nil {
			return err
		}
	}
}

// separator is what stands between the fields of the first line.
func separator(b []byte) rune {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	switch {
	case bytes.ContainsRune(line, ','):
		return ','
	case bytes.ContainsRune(line, ';'):
		return ';'
	case bytes.ContainsRune(line, '\t'):
		return '\t'
	}
	return ','
}
