package labels

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// maxFindings is how many mistakes of one file are worth reading.
const maxFindings = 50

// Import reads labels that people gave elsewhere. The file is CSV with a
// header (also with semicolons or tabs between the fields, as spreadsheets
// write it), or Parquet, by its extension .parquet. It has the columns
//
//	image_id   the ID of an image; or, in its place,
//	prompt     the prompt's text, and
//	index      the number of the image among those of its prompt, from 0
//	label      good, bad or skip; empty: not labelled yet
//	rater      the name of who labels, any text; without the column all labels
//	           are of one person, called "rater"
//
// and may have others, of which prompt, category and split are read if images
// is nil: then nobody knows yet what images there are, and those that are named by
// prompt and index have no ID. Otherwise these come from the images, by ID (see
// Captions), and an image that is not among them is a mistake. So is a rater who
// labels an image twice. How many rows have no label yet is a warning. WriteSheet writes a
// file to begin with.
//
// All mistakes are reported at once, with their lines; if there is one, there
// are no labels.
func Import(path string, images map[string]table.Image) ([]table.Label, diag.List) {
	i := importer{path: path, images: images}
	if images != nil {
		i.byPrompt = make(map[promptIndex]string, len(images))
		for id, image := range images {
			i.byPrompt[promptIndex{image.Prompt, image.Index}] = id
		}
	}
	return i.read()
}

// ImportBlind reads labels as Import does, from a file that names images
// by their BlindID, as the sheet that WriteBlindSheet writes; images are by
// BlindID, too. Such a file is for the images of several tables: labels of others
// than these images are left out.
func ImportBlind(path string, images map[string]table.Image) ([]table.Label, diag.List) {
	i := importer{path: path, images: images, blind: true}
	labels, findings := i.read()
	labels = slices.DeleteFunc(labels, func(label table.Label) bool { return label.ImageID == "" })
	return labels, findings
}

// IDs lists the images that a file has a label for, by the IDs that it
// gives them; none if there is no such file.
func IDs(path string) (map[string]bool, diag.List) {
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

// CheckBlind finds what is wrong with a file as ImportBlind reads it, before its
// images are known.
func CheckBlind(path string) diag.List {
	i := importer{path: path, blind: true}
	_, findings := i.read()
	return findings
}
