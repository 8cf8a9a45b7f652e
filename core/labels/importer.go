package labels

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// read reads the whole file.
func (i *importer) read() ([]table.Label, diag.List) {
	path := i.path
	i.seen = map[string]diag.Range{}
	file := sheet{
		path:    path,
		columns: []string{"image_id", "rater", "label", "index", "prompt", "category", "split"},
		needed: func(has func(string) bool) []string {
			if has("index") && !has("image_id") {
				return []string{"prompt", "label"}
			}
			return []string{"image_id", "label"}
		},
		header: "the columns image_id (or prompt and index), label and, if there are several raters, rater",
		found:  &i.findings,
	}
	err := file.each(func(row sheetRow) error {
		return i.add(labelRow{
			imageID: row.get("image_id"), rater: row.rater(), label: row.get("label"), index: row.get("index"),
			prompt: row.get("prompt"), category: row.get("category"), split: row.get("split"), where: row.where,
		})
	})
	file.ended(err, "labels", "the label is empty. Write good, bad or skip.", len(i.labels), i.unlabelled)
	if i.findings.HasErrors() {
		return nil, i.findings
	}
	if i.unlabelled > 0 && !i.blind { // its rows are those of other tables too
		i.findings.Warningf(diag.Range{File: path}, fmt.Sprintf("%d of %d rows have no label yet", i.unlabelled, i.unlabelled+len(i.labels)), "They are left out.")
	}
	return i.labels, i.findings
}

type importer struct {
	path       string
	images     map[string]table.Image
	byPrompt   map[promptIndex]string // the IDs of images; nil: images are named by ID alone
	blind      bool                   // the IDs are those of BlindID
	labels     []table.Label
	unlabelled int                   // rows
	seen       map[string]diag.Range // by image and rater
	findings   diag.List
}

// promptIndex is an image as its prompt and its number name it.
type promptIndex struct {
	prompt string
	index  int32
}

// labelRow is a row as written.
type labelRow struct {
	imageID, rater, label   string
	index                   string
	prompt, category, split string
	where                   func(column string) diag.Range
}

// add checks a row and takes it in. It returns errStop when enough mistakes
// have been found.
func (i *importer) add(r labelRow) error {
	if r.label == "" && (r.imageID != "" || r.prompt != "") {
		i.unlabelled++
		return nil
	}
	label := table.Label{
		ImageID: r.imageID, Prompt: r.prompt, Category: r.category, Split: r.split,
		Rater: r.rater, Label: strings.ToLower(r.label),
	}
	before := len(i.findings)
	switch label.Label {
	case "good", "bad", "skip":
	default:
		i.findings.Errorf(r.where("label"), fmt.Sprintf("%q is not a label", r.label), "Write good, bad or skip.")
	}
	if r.rater == "" {
		i.findings.Errorf(r.where("rater"), "The rater is missing", "Give every person a name.")
	}
	switch {
	case i.blind:
		label.ImageID = i.reveal(&label, r)
	case r.imageID == "" && r.index != "" && i.images != nil:
		r.imageID = i.find(r)
		label.ImageID = r.imageID
	case r.imageID == "" && r.index != "" && r.prompt != "" && i.images == nil:
		r.imageID = r.prompt + "\x00" + r.index // for telling them apart
	case r.imageID == "":
		i.findings.Errorf(r.where("image_id"), "The image's ID is missing", "Every row needs the ID of an image, or its prompt and index.")
	}
	if r.imageID != "" && i.images != nil && !i.blind {
		image, ok := i.images[r.imageID]
		if !ok {
			i.findings.Errorf(r.where("image_id"), fmt.Sprintf("There is no image %q", r.imageID), "The IDs are those of the images that the labels block refers to. If the images were drawn anew since, their IDs may be others.%s", hint(r.imageID, i.images))
		}
		label.Prompt, label.Category, label.Split = image.Prompt, image.Category, image.Split
	}
	if len(i.findings) == before {
		pair := r.imageID + "\x00" + r.rater
		if first, twice := i.seen[pair]; twice {
			i.findings.Errorf(r.where("rater"), fmt.Sprintf("Rater %q has labelled image %q before", r.rater, r.imageID),
				"The first time is at %s. Keep one of the two.", spelled(first))
		} else {
			i.seen[pair] = r.where("rater")
		}
	}
	i.labels = append(i.labels, label)

	if len(i.findings) >= maxFindings {
		i.findings.Errorf(diag.Range{File: i.path}, "There may be more mistakes", "Reading stopped after %d.", maxFindings)
		return errStop
	}
	return nil
}

// find returns the ID of the image that a row names by prompt and index, and ""
// after reporting that there is none.
func (i *importer) find(r labelRow) string {
	index, err := strconv.ParseInt(r.index, 10, 32)
	if err != nil || index < 0 {
		i.findings.Errorf(r.where("index"), fmt.Sprintf("%q is not the number of an image", r.index), "The images of a prompt are counted from 0.")
		return ""
	}
	id, ok := i.byPrompt[promptIndex{r.prompt, int32(index)}]
	if !ok {
		i.findings.Errorf(r.where("prompt"), fmt.Sprintf("There is no image %d of the prompt %q", index, r.prompt), "The images are those that the labels block refers to; those of a prompt are counted from 0.")
	}
	return id
}

// reveal returns the ID in its table of the image that a row names blindly, and
// says where it belongs; "" if it is none of the images that are asked for, or
// after reporting that it is not an image's name at all.
func (i *importer) reveal(label *table.Label, r labelRow) string {
	if !isBlindID(r.imageID) {
		i.findings.Errorf(r.where("image_id"), fmt.Sprintf("%q is not the ID of an image", r.imageID),
			"The IDs are those of the sheet that plumb export --label-sheet writes for an evaluate block: leave that column as it is.")
		return ""
	}
	image := i.images[r.imageID]
	label.Prompt, label.Category, label.Split = image.Prompt, image.Category, image.Split
	return image.ID
}

func spelled(r diag.Range) string {
	if r.Start.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("line %d", r.Start.Line)
}

// errStop ends reading: enough mistakes are known.
var errStop = errors.New("stop")
