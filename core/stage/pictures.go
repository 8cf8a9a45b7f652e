package stage

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Picture is an image of a table as people are shown it: by what it shows.
type Picture struct {
	table.Image        // without its pixels
	Blind       string // its labels.BlindID
	Row         int    // in the table
}

// Pictures lists the images of a table in order. It reads their pixels, for their names
// alone.
func Pictures(ctx context.Context, path string) ([]Picture, error) {
	var pictures []Picture
	for image, err := range table.Read[table.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read images: %w", err)
		}
		id, err := labels.BlindID(image)
		if err != nil {
			return nil, fmt.Errorf("read images: %w", err)
		}
		image.Image = table.File{}
		pictures = append(pictures, Picture{Image: image, Blind: id, Row: len(pictures)})
	}
	return pictures, nil
}

// captions are the images of pictures.
func captions(pictures []Picture) []table.Image {
	images := make([]table.Image, len(pictures))
	for i, picture := range pictures {
		images[i] = picture.Image
	}
	return images
}

// byBlindID finds images by what they show. Of images that show the same it has the
// last.
func byBlindID(pictures []Picture) map[string]table.Image {
	images := make(map[string]table.Image, len(pictures))
	for _, picture := range pictures {
		images[picture.Blind] = picture.Image
	}
	return images
}
