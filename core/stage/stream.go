package stage

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// stream sends the rows of an images table to an instance and keeps what the
// answers need: who the image is, not its pixels. Rows are read in one
// goroutine and answered in another.
type stream struct {
	path string
	keep func(position int) bool // rows to send, by their place in the table; nil: all

	mu      sync.Mutex
	sent    int
	waiting map[int]table.Image // sent and not yet answered, without pixels
}

func newStream(path string) *stream {
	return &stream{path: path, waiting: map[int]table.Image{}}
}

// items reads the table.
func (s *stream) items(ctx context.Context) iter.Seq2[plugin.Item, error] {
	return func(yield func(plugin.Item, error) bool) {
		row := -1
		for image, err := range table.Read[table.Image](s.path) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(plugin.Item{}, err)
				return
			}
			row++
			if s.keep != nil && !s.keep(row) {
				continue
			}
			item := plugin.Item{
				ID:     image.ID,
				Prompt: sdk.Prompt{Text: image.Prompt, Category: image.Category, Slots: image.Slots},
				PNG:    image.Image.Bytes,
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

// answered returns the image at a position, once.
func (s *stream) answered(position int) (table.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	image, ok := s.waiting[position]
	if !ok {
		return table.Image{}, fmt.Errorf("an answer for image %d came twice or unasked", position)
	}
	delete(s.waiting, position)
	return image, nil
}

// finish checks that every image was answered and returns how many there were.
func (s *stream) finish() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, image := range s.waiting {
		return s.sent, fmt.Errorf("%d of %d images got no answer, among them image %q", len(s.waiting), s.sent, image.ID)
	}
	return s.sent, nil
}

// ordered passes answers on in the order of their positions, whatever order
// they come in, so that a table does not depend on batches.
type ordered[T any] struct {
	next  int
	early map[int]T
	pass  func(T) error
}

func inOrder[T any](pass func(T) error) *ordered[T] {
	return &ordered[T]{early: map[int]T{}, pass: pass}
}

func (o *ordered[T]) add(position int, value T) error {
	if position != o.next {
		o.early[position] = value
		return nil
	}
	for {
		o.next++
		if err := o.pass(value); err != nil {
			return err
		}
		var ok bool
		if value, ok = o.early[o.next]; !ok {
			return nil
		}
		delete(o.early, o.next)
	}
}
