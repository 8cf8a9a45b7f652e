package labels

import (
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// blindIDLength is the length of a BlindID in characters.
const blindIDLength = 32

// BlindID names an image by its prompt and its content, so that it says nothing
// of the model that drew it and holds whichever table the image stands in.
func BlindID(image table.Image) string {
	h := sha256.New()
	h.Write([]byte(image.Prompt))
	h.Write([]byte{0})
	h.Write(image.Image.Bytes)
	return hex.EncodeToString(h.Sum(nil))[:blindIDLength]
}

func isBlindID(text string) bool {
	_, err := hex.DecodeString(text)
	return err == nil && len(text) == blindIDLength
}

// WriteBlindSheet writes the images of several tables into a directory for people
// to judge, as WriteSheet does for one, but blindly: an image's name is its
// BlindID, and the images of a prompt stand together, in an order that is as good
// as random. An image that several tables have, or one whose BlindID is in known,
// is written once or not at all. ImportBlind reads the sheet.
//
// Nothing is overwritten. It returns the number of images in the sheet.
func WriteBlindSheet(tables []string, known map[string]bool, directory string) (n int, err error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return 0, err
	}
	sheet, err := create(filepath.Join(directory, Sheet))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, sheet.Close()) }()
	type row struct{ prompt, id string }
	var images []row
	written := map[string]bool{}
	for _, path := range tables {
		for image, err := range table.Read[table.Image](path) {
			if err != nil {
				return 0, err
			}
			id := BlindID(image)
			if written[id] || known[id] {
				continue
			}
			written[id] = true
			if err := writeNew(filepath.Join(directory, id+".png"), image.Image.Bytes); err != nil {
				return 0, err
			}
			images = append(images, row{image.Prompt, id})
		}
	}
	slices.SortFunc(images, func(a, b row) int { return cmp.Or(cmp.Compare(a.prompt, b.prompt), cmp.Compare(a.id, b.id)) })
	rows := csv.NewWriter(sheet)
	rows.Write([]string{"image_id", "label", "prompt", "image"}) // an error comes again with Flush
	for _, image := range images {
		rows.Write([]string{image.id, "", image.prompt, image.id + ".png"})
	}
	rows.Flush()
	return len(images), rows.Error()
}
