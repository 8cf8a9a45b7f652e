package latentcache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Error says that a directory holds no cache, a part of one, or that of another
// model or other images.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("latent cache %s: %v", e.Path, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Cache reads the latents and conditions of one or several tables of images, in
// their order. It holds a few open files in memory, and no rows. It may be used by
// several goroutines.
type Cache struct {
	sets  []*set // in the order of Open's arguments
	total int

	mu    sync.Mutex
	added int     // images that Add has seen
	open  []*file // the most recently used one last
}

// set is one directory; its images start at a number.
type set struct {
	directory string
	first     int
	layout
}

// file is an open file.
type file struct {
	path     string
	reader   *safetensors.Reader
	captions []int64 // of a file of latents
	ids      []int64 // of a file of latents
}

// openFiles is the number of files that are kept open.
const openFiles = 32

// Open opens directories that Precompute filled, and checks the headers of all of
// their files. An example is an image of the tables, numbered through. A directory
// that is named twice counts once, like the table that several losses read. Errors
// are an *Error.
func Open(directories ...string) (*Cache, error) {
	if len(directories) == 0 {
		return nil, errors.New("there is no latent cache to open")
	}
	c := &Cache{}
	for _, directory := range directories {
		if slices.ContainsFunc(c.sets, func(s *set) bool { return s.directory == directory }) {
			continue
		}
		s, err := openSet(directory)
		if err == nil && len(c.sets) > 0 {
			err = s.alike(c.sets[0])
		}
		if err != nil {
			return nil, &Error{Path: directory, Err: err}
		}
		s.first = c.total
		c.total += s.Images
		c.sets = append(c.sets, s)
	}
	return c, nil
}

// openSet reads a directory's layout and looks at each of its files.
func openSet(directory string) (*set, error) {
	text, err := os.ReadFile(filepath.Join(directory, layoutFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s in it: nothing was precomputed there, or not to the end", layoutFile)
	}
	if err != nil {
		return nil, err
	}
	s := &set{directory: directory}
	if err := json.Unmarshal(text, &s.layout); err != nil {
		return nil, fmt.Errorf("%s: %w", layoutFile, err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", layoutFile, err)
	}
	look := func(name string, need map[string]safetensors.Info) error {
		r, err := openFile(filepath.Join(directory, name), need)
		if err != nil {
			return err
		}
		return r.Close()
	}
	for i := range filesFor(s.Images, imagesPerFile) {
		if err := look(latentsFile(i), s.latentsNeed(i)); err != nil {
			return nil, err
		}
	}
	for i := range filesFor(s.Captions, captionsPerFile) {
		if err := look(captionsFile(i), s.captionsNeed(i)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// alike refuses sets of different models.
func (s *set) alike(other *set) error {
	if s.Latents != other.Latents || !conditioning.Equal(s.Conditions, other.Conditions) {
		return fmt.Errorf("its latents are %v and conditions %v, those of %s are %v and %v", s.Latents, s.Conditions, other.directory, other.Latents, other.Conditions)
	}
	return nil
}

// Close closes the open files.
func (c *Cache) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var failures []error
	for _, f := range c.open {
		failures = append(failures, f.reader.Close())
	}
	c.open = nil
	return errors.Join(failures...)
}

// Size gives the dimensions of an example's latents, [height, width, channels], and
// of its conditions.
func (c *Cache) Size() (latents [3]int, conditions conditioning.Shapes) {
	return c.sets[0].Latents, c.sets[0].Conditions
}

// Latents fills in the distribution of an example's latents, as the
// autoencoder's encoder gives it: not scaled, each of the size of latents.
func (c *Cache) Latents(example int, mean, deviation []float32) error {
	return c.locked(example, func(s *set, row int) error {
		f, err := c.latents(s, row)
		if err != nil {
			return err
		}
		return errors.Join(f.fill("mean", row%imagesPerFile, mean), f.fill("deviation", row%imagesPerFile, deviation))
	})
}

// Conditions fills in the conditions of an example's caption.
func (c *Cache) Conditions(example int, out conditioning.Of[[]float32]) error {
	return c.locked(example, func(s *set, row int) error {
		f, err := c.latents(s, row)
		if err != nil {
			return err
		}
		return c.caption(s, f.captions[row%imagesPerFile], out)
	})
}

// Empty fills in the conditions of the empty caption.
func (c *Cache) Empty(out conditioning.Of[[]float32]) error {
	return c.locked(0, func(s *set, _ int) error { return c.caption(s, 0, out) })
}

// Add returns the number of the next image of the tables in the order of Open's
// arguments. It refuses an image that is not the next one.
func (c *Cache) Add(_ context.Context, image table.Image) (int, error) {
	c.mu.Lock()
	example := c.added
	c.added++
	c.mu.Unlock()
	return example, c.Check(example, image.ID)
}

// Check refuses an image that an example was not made of, by its ID.
func (c *Cache) Check(example int, id string) error {
	return c.locked(example, func(s *set, row int) error {
		f, err := c.latents(s, row)
		if err == nil && f.ids[row%imagesPerFile] != imageDigest(id) {
			err = fmt.Errorf("image %d is not %q: the cache was made of other images", row, id)
		}
		return err
	})
}

// locked runs work on the row of an example, one at a time.
func (c *Cache) locked(example int, work func(s *set, row int) error) error {
	if example < 0 || example >= c.total {
		return fmt.Errorf("read latent cache: example %d of %d", example, c.total)
	}
	at, found := slices.BinarySearchFunc(c.sets, example, func(s *set, example int) int { return s.first - example })
	if !found {
		at--
	}
	s := c.sets[at]
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := work(s, example-s.first); err != nil {
		return &Error{Path: s.directory, Err: err}
	}
	return nil
}

// latents returns the open file with the latents of an image.
func (c *Cache) latents(s *set, row int) (*file, error) {
	number := row / imagesPerFile
	return c.file(filepath.Join(s.directory, latentsFile(number)), func() map[string]safetensors.Info { return s.latentsNeed(number) })
}

// caption fills in a caption's conditions.
func (c *Cache) caption(s *set, caption int64, out conditioning.Of[[]float32]) error {
	if caption < 0 || caption >= int64(s.Captions) {
		return fmt.Errorf("an image has the caption %d of %d", caption, s.Captions)
	}
	number := int(caption) / captionsPerFile
	f, err := c.file(filepath.Join(s.directory, captionsFile(number)), func() map[string]safetensors.Info { return s.captionsNeed(number) })
	if err != nil {
		return err
	}
	for name := range s.Conditions {
		err = errors.Join(err, f.fill(name, int(caption)%captionsPerFile, out[name]))
	}
	return err
}

// file opens a file, or returns it if it is open.
func (c *Cache) file(path string, need func() map[string]safetensors.Info) (*file, error) {
	for i, f := range slices.Backward(c.open) {
		if f.path == path {
			c.open = append(slices.Delete(c.open, i, i+1), f)
			return f, nil
		}
	}
	wants := need()
	r, err := openFile(path, wants)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, reader: r}
	for name, into := range map[string]*[]int64{"caption": &f.captions, "id": &f.ids} {
		if kind := wants[name].DType; kind != safetensors.I32 && kind != safetensors.I64 {
			continue
		}
		values, err := r.Integers(name)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		*into = values.Data
	}
	if len(c.open) >= openFiles {
		if err := c.open[0].reader.Close(); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		c.open = slices.Delete(c.open, 0, 1)
	}
	c.open = append(c.open, f)
	return f, nil
}

// fill reads a row of a tensor.
func (f *file) fill(name string, row int, out []float32) error {
	values, err := f.reader.Rows(name, row, 1)
	if err != nil {
		return err
	}
	if len(values.Data) != len(out) {
		return fmt.Errorf("%d numbers are asked for, %s of %s has %d", len(out), name, f.path, len(values.Data))
	}
	copy(out, values.Data)
	return nil
}
