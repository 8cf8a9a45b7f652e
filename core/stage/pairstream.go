package stage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// pairStream sends pairs of the images of a table to an instance. It reads the
// table once: a pair is sent when its later image is read, and its earlier one
// waits until then in a file, so that memory does not grow with the number of
// images, however far apart the images of a prompt stand. In a table that is in
// the order of its prompts, the file holds one prompt's images at a time.
type pairStream struct {
	path  string
	pairs []pair // in the order of choosePairs
	skip  int    // how many of them are answered already, from the first on, and not sent
	ids   []string
}

// items reads the table.
func (s pairStream) items(ctx context.Context, scratch string) iter.Seq2[client.Pair, error] {
	return func(yield func(client.Pair, error) bool) {
		waiting, err := newWaitingImages(filepath.Join(scratch, "waiting.images"))
		if err != nil {
			yield(client.Pair{}, err)
			return
		}
		stopped := errors.New("stopped") // by who takes the pairs
		err = s.send(ctx, waiting, func(p client.Pair) error {
			if !yield(p, nil) {
				return stopped
			}
			return nil
		})
		switch closing := waiting.close(); {
		case errors.Is(err, stopped):
		case err != nil:
			yield(client.Pair{}, err)
		case closing != nil:
			yield(client.Pair{}, closing)
		}
	}
}

func (s pairStream) send(ctx context.Context, waiting *waitingImages, send func(client.Pair) error) error {
	needed := map[int]int{} // pairs that an image is the earlier one of and that are not sent yet
	for _, p := range s.pairs[s.skip:] {
		needed[p.earlier()]++
	}
	next, row := s.skip, -1
	if next == len(s.pairs) {
		return nil
	}
	for image, err := range table.Read[table.Image](s.path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		row++
		for ; next < len(s.pairs) && s.pairs[next].later() == row; next++ {
			p := s.pairs[next]
			other, err := waiting.get(p.earlier())
			if err != nil {
				return err
			}
			if needed[p.earlier()]--; needed[p.earlier()] == 0 {
				waiting.drop(p.earlier())
			}
			out := client.Pair{
				ID:     pairID(s.ids[p.first], s.ids[p.second]),
				Prompt: sdk.Prompt{Text: image.Prompt, Category: image.Category, Slots: image.Slots},
				First:  image.Image.Bytes, Second: other,
			}
			if p.second == row {
				out.First, out.Second = other, image.Image.Bytes
			}
			if err := send(out); err != nil {
				return err
			}
		}
		if next == len(s.pairs) {
			return nil
		}
		if needed[row] > 0 {
			if err := waiting.put(row, image.Image.Bytes); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("the images table has %d rows, fewer than the pairs name", row+1)
}

// pairID is the ID of both images, whichever is shown first.
func pairID(first, second string) string {
	return min(first, second) + " and " + max(first, second)
}

// waitingImages keeps images in a file, by their rows. The file begins anew
// whenever no image is in it.
type waitingImages struct {
	file *os.File
	at   map[int]extent
	end  int64
}

type extent struct {
	offset, length int64
	sum            [sha256.Size]byte
}

func newWaitingImages(path string) (*waitingImages, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("keep images of pairs: %w", err)
	}
	os.Remove(path) // it lives on without a name, and dies with the process; where that cannot be, close removes it
	return &waitingImages{file: file, at: map[int]extent{}}, nil
}

func (w *waitingImages) put(row int, content []byte) error {
	if _, err := w.file.WriteAt(content, w.end); err != nil {
		return fmt.Errorf("keep images of pairs: %w", err)
	}
	w.at[row] = extent{w.end, int64(len(content)), sha256.Sum256(content)}
	w.end += int64(len(content))
	return nil
}

func (w *waitingImages) get(row int) ([]byte, error) {
	where, ok := w.at[row]
	if !ok {
		return nil, fmt.Errorf("the image in row %d is not there any more", row)
	}
	content := make([]byte, where.length)
	if _, err := w.file.ReadAt(content, where.offset); err != nil {
		return nil, fmt.Errorf("read images of pairs: %w", err)
	}
	if sha256.Sum256(content) != where.sum {
		return nil, fmt.Errorf("read images of pairs: the image of row %d is not what was written to the disk", row)
	}
	return content, nil
}

func (w *waitingImages) drop(row int) {
	delete(w.at, row)
	if len(w.at) == 0 {
		w.end = 0
	}
}

// close removes the file.
func (w *waitingImages) close() error {
	err := os.Remove(w.file.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(w.file.Close(), err)
}
