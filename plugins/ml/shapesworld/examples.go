package shapesworld

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Example is an image of a table with its caption.
type Example struct {
	ID     string
	RGB    []byte // [32, 32, 3]
	Prompt string
}

// Examples reads image tables into memory, 3 KiB an image.
func Examples(ctx context.Context, tables []string) ([]Example, error) {
	var examples []Example
	for _, path := range tables {
		for row, err := range table.Read[table.Image](path) {
			if err != nil {
				return nil, err
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			rgb, err := decode(row.Image.Bytes)
			if err != nil {
				return nil, fmt.Errorf("image %q: %w", row.ID, err)
			}
			examples = append(examples, Example{ID: row.ID, RGB: rgb, Prompt: row.Prompt})
		}
	}
	if len(examples) == 0 {
		return nil, fmt.Errorf("there are no images to learn from")
	}
	return examples, nil
}

func decode(png []byte) ([]byte, error) {
	picture, err := imaging.Decode(png, imaging.Exchanged)
	if err != nil {
		return nil, err
	}
	if picture.Width != Size || picture.Height != Size {
		return nil, fmt.Errorf("it is %dx%d pixels, the world of shapes is %dx%d", picture.Width, picture.Height, Size, Size)
	}
	return picture.RGB, nil
}
