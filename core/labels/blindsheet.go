package labels

import (
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// blindIDLength is the length of a BlindID in characters.
const blindIDLength = 32

// BlindID names an image by its prompt and its pixels, so that it says nothing of the
// model that drew it and holds whichever table the image stands in, and however it is
// encoded there.
func BlindID(image table.Image) (string, error) {
	pixels, err := imaging.Decode(image.Image.Bytes, imaging.Exchanged)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", image.ID, err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%d %d ", image.Prompt, pixels.Width, pixels.Height)
	h.Write(pixels.RGB)
	return hex.EncodeToString(h.Sum(nil))[:blindIDLength], nil
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
			id, err := BlindID(image)
			if err != nil {
				return 0, &table.Error{Path: path, Err: err}
			}
			if written[id] || known[id] {
				continue
			}
			written[id] = true
			if err := writePicture(filepath.Join(directory, id+".png"), image); err != nil {
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
