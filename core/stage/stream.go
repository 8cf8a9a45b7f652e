package stage

import (
	"context"
	"iter"
	"sync"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// stream sends the rows of an images table to an instance and keeps what the
// answers need: who the image is, not its pixels. Rows are read in one
// goroutine and answered in another. That each is answered once is the
// instance's business.
type stream struct {
	path   string
	pixels bool                     // whether they are sent; if not, they are not read either
	skip   int                      // of the rows to send, how many are answered already, from the first on
	keep   func(position int) bool  // rows to send, by their place in the table; nil: all
	fill   func(*client.Item) error // adds what else is sent of a row; nil: nothing

	mu      sync.Mutex
	sent    int
	waiting map[int]table.Image // sent and not yet answered, without pixels
}

// items reads the table.
func (s *stream) items(ctx context.Context) iter.Seq2[client.Item, error] {
	return func(yield func(client.Item, error) bool) {
		row, skipped := -1, 0
		for image, err := range s.images(ctx) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(client.Item{}, err)
				return
			}
			row++
			if s.keep != nil && !s.keep(row) {
				continue
			}
			item := client.Item{
				ID:     image.ID,
				Prompt: sdk.Prompt{Text: image.Prompt, Category: image.Category, Slots: image.Slots},
				PNG:    image.Image.Bytes,
			}
			if s.fill != nil {
				if err := s.fill(&item); err != nil {
					yield(client.Item{}, err)
					return
				}
			}
			if skipped < s.skip {
				skipped++
				continue
			}
			image.Image = table.File{}
			s.mu.Lock()
			s.waiting[s.sent] = image
			s.sent++
			s.mu.Unlock()
			if !yield(item, nil) {
				return
			}
		}
	}
}

// images are the rows, with their pixels if these are sent.
func (s *stream) images(ctx context.Context) iter.Seq2[table.Image, error] {
	if s.pixels {
		return table.Read[table.Image](s.path)
	}
	return func(yield func(table.Image, error) bool) {
		images, err := table.Captions(ctx, s.path)
		if err != nil {
			yield(table.Image{}, err)
			return
		}
		for _, image := range images {
			if !yield(image, nil) {
				return
			}
		}
	}
}

// answered returns the image at a position, and forgets it.
func (s *stream) answered(position int) table.Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	image := s.waiting[position]
	delete(s.waiting, position)
	return image
}
