package imagefolder

import (
	"context"

	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Captions lists the images that are taken, as Read would hand them on, but without
// their pixels: what the metadata says of them.
func (f Folder) Captions(ctx context.Context, memory *digest.Memory) ([]table.Image, error) {
	r, err := f.open(ctx, memory)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var images []table.Image
	_, err = r.run(true, func(e *entry) error {
		images = append(images, r.image(e))
		return nil
	}, func() error { return nil })
	return images, err
}

// image is a row of an images table, without pixels. It counts the images of a prompt.
func (r *folder) image(e *entry) table.Image {
	prompt := nameOf(e.row.Text)
	index := r.ofPrompt[prompt]
	r.ofPrompt[prompt]++
	path := e.row.FileName
	if path == "" {
		path = e.row.ID + ".png"
	}
	return table.Image{
		ID: e.row.ID, Image: table.File{Path: path}, Prompt: e.row.Text,
		Category: e.row.Category, Split: e.row.Split, Slots: e.row.Slots, Index: index,
	}
}
