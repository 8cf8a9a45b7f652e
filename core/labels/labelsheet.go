package labels

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Sheet is the name of the file that people write labels into.
const Sheet = "labels.csv"

// WriteSheet writes the images of a table into a directory, each as a PNG
// file, with a Sheet of one row for each: image_id, label (empty), prompt,
// index and image, the PNG's path below the directory. With its labels filled
// in, Import reads it. It returns the number of images.
//
// Nothing is overwritten. An image whose ID cannot be a path below the
// directory is an error.
func WriteSheet(images, directory string) (n int, err error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return 0, err
	}
	sheet, err := create(filepath.Join(directory, Sheet))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, sheet.Close()) }()
	rows := csv.NewWriter(sheet)
	rows.Write([]string{"image_id", "label", "prompt", "index", "image"}) // an error comes again with Flush
	for image, err := range table.Read[table.Image](images) {
		if err != nil {
			return n, err
		}
		name := image.ID
		if filepath.Ext(name) != ".png" {
			name += ".png"
		}
		local := filepath.FromSlash(name)
		if !filepath.IsLocal(local) {
			return n, &table.Error{Path: images, Column: "image_id", Err: fmt.Errorf("%q cannot be the name of a file below %s", image.ID, directory)}
		}
		path := filepath.Join(directory, local)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return n, err
		}
		if err := writePicture(path, image); err != nil {
			return n, err
		}
		rows.Write([]string{image.ID, "", image.Prompt, strconv.Itoa(int(image.Index)), filepath.ToSlash(local)})
		n++
	}
	rows.Flush()
	return n, rows.Error()
}

// create makes a file that does not exist yet.
func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// writePicture writes an image of a table into a file that does not exist yet, with
// its pixels deflated: in a table, only the pages are.
func writePicture(path string, image table.Image) error {
	pixels, err := imaging.Decode(image.Image.Bytes, imaging.Exchanged)
	if err != nil {
		return fmt.Errorf("image %q: %w", image.ID, err)
	}
	content, err := imaging.EncodePNG(pixels)
	if err != nil {
		return err
	}
	file, err := create(path)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}
