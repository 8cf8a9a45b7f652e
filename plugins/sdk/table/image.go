package table

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// Image is a row of an images table.
type Image struct {
	ID       string            `parquet:"image_id"` // unique in the table, stable: category, prompt number and index
	Image    File              `parquet:"image,optional"`
	Prompt   string            `parquet:"prompt,dict"` // what it was drawn for; the caption
	Category string            `parquet:"category,dict"`
	Split    string            `parquet:"split,dict"` // "seen" or "unseen"
	Slots    map[string]string `parquet:"-"`          // in the file: a column "slots" of JSON text, as datasets has no maps
	Index    int32             `parquet:"index"`      // among the images of its prompt
	Seed     uint64            `parquet:"seed"`
}

// File is an image file's content, as Hugging Face datasets stores one. That
// both columns are optional is part of it. What stages write are PNGs whose pixels are
// stored (imaging.EncodeStored), and the pages are what is compressed.
type File struct {
	Bytes []byte `parquet:"bytes,optional"`
	Path  string `parquet:"path,optional"`
}

// imageRow is an Image as it is in the file.
type imageRow struct {
	Image
	Slots string `parquet:"slots"` // JSON object, keys sorted
}

// huggingFace is the metadata by which datasets knows that the column "image"
// holds images. It works out the other columns by itself.
const huggingFace = `{"info": {"features": {"image": {"_type": "Image"}}}}`

// imageSink writes images.
type imageSink struct {
	rows *rowSink[imageRow]
}

func newImageSink(output io.Writer) imageSink {
	return imageSink{newRowSink[imageRow](output,
		parquet.KeyValueMetadata("huggingface", huggingFace),
		parquet.Compression(imageCodec),
		// The smallest and largest PNG of a page help nobody find anything.
		parquet.SkipPageBounds("image", "bytes"),
		parquet.SkipPageStatistics("image", "bytes"),
	)}
}

func (s imageSink) write(images []Image) error {
	rows := make([]imageRow, len(images))
	for i, image := range images {
		slots := "{}"
		if len(image.Slots) > 0 {
			b, err := json.Marshal(image.Slots)
			if err != nil {
				return err
			}
			slots = string(b)
		}
		rows[i] = imageRow{Image: image, Slots: slots}
	}
	for len(rows) > 0 {
		n, size := 1, len(rows[0].Image.Image.Bytes)
		for n < len(rows) && size+len(rows[n].Image.Image.Bytes) <= pageBytes {
			size += len(rows[n].Image.Image.Bytes)
			n++
		}
		if err := s.rows.write(rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// pageBytes is how many bytes of images the library gets at once, but for one that has
// more. It may put all of it into one page, which whoever reads an image reads whole.
const pageBytes = 1 << 20

func (s imageSink) close() error { return s.rows.close() }

// imageSource reads images.
type imageSource struct {
	rows *rowSource[imageRow]
}

func (s imageSource) read() ([]Image, error) {
	rows, err := s.rows.read()
	images := make([]Image, len(rows))
	for i, row := range rows {
		images[i] = row.Image
		slots, err := ParseSlots(row.Slots)
		if err != nil {
			return images[:i], err
		}
		images[i].Slots = slots
	}
	return images, err
}

// ParseSlots reads the column "slots": a JSON object of texts, or nothing.
func ParseSlots(text string) (map[string]string, error) {
	if text == "" || text == "{}" {
		return nil, nil
	}
	var slots map[string]string
	if err := json.Unmarshal([]byte(text), &slots); err != nil {
		return nil, fmt.Errorf("column \"slots\" is no JSON object of strings: %w", err)
	}
	return slots, nil
}

// captionRow is an Image without its pixels.
type captionRow struct {
	ID       string `parquet:"image_id"`
	Prompt   string `parquet:"prompt,dict"`
	Category string `parquet:"category,dict"`
	Split    string `parquet:"split,dict"`
	Slots    string `parquet:"slots"`
	Index    int32  `parquet:"index"`
	Seed     uint64 `parquet:"seed"`
}

// Captions returns the images of a table in order, without reading their pixels:
// Image is zero in each. An ID that occurs twice is an error.
func Captions(ctx context.Context, path string) ([]Image, error) {
	var images []Image
	known := map[string]bool{}
	for row, err := range Read[captionRow](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		slots, err := ParseSlots(row.Slots)
		if err != nil {
			return nil, &Error{Path: path, Err: err}
		}
		if known[row.ID] {
			return nil, &Error{Path: path, Column: "image_id", Err: fmt.Errorf("%q occurs twice", row.ID)}
		}
		known[row.ID] = true
		images = append(images, Image{
			ID: row.ID, Prompt: row.Prompt, Category: row.Category, Split: row.Split,
			Slots: slots, Index: row.Index, Seed: row.Seed,
		})
	}
	return images, nil
}

// ByID finds images by their ID.
func ByID(images []Image) map[string]Image {
	byID := make(map[string]Image, len(images))
	for _, image := range images {
		byID[image.ID] = image
	}
	return byID
}
