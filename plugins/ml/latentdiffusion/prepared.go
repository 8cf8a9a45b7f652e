package latentdiffusion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// What Prepare makes of a table of images is a directory:
//
//	prepared.json                 layout: the sizes and counts of the rest
//	latents-00000.safetensors     imagesPerFile images in the order of the table:
//	                              mean, deviation [images, height, width, channels],
//	                              caption (I32) [images], a row of captions,
//	                              id (I64) [images], a digest of the image's ID
//	captions-00000.safetensors    captionsPerFile captions in the order in which
//	                              the table names them first, after the empty one:
//	                              text [captions, tokens, width]
//
// Latents are those of the autoencoder's encoder, before its scaling factor. An
// image of 512 x 512 pixels takes 128 KiB (2 x 64 x 64 x 4 numbers), a distinct
// caption of Stable Diffusion v1 231 KiB (77 x 768); half of that in F16.
const (
	layoutFile      = "prepared.json"
	layoutFormat    = "plumb prepared images 1"
	imagesPerFile   = 64
	captionsPerFile = 64
)

// layout is prepared.json.
type layout struct {
	Format   string            `json:"format"`
	DType    safetensors.DType `json:"dtype"`   // F32 or F16
	Latents  [3]int            `json:"latents"` // [height, width, channels]
	Text     [2]int            `json:"text"`    // [tokens, width]
	Images   int               `json:"images"`
	Captions int               `json:"captions"` // distinct ones, and the empty one
}

func latentsFile(number int) string  { return fmt.Sprintf("latents-%05d.safetensors", number) }
func captionsFile(number int) string { return fmt.Sprintf("captions-%05d.safetensors", number) }

// filesFor is how many files hold count rows.
func filesFor(count, perFile int) int { return (count + perFile - 1) / perFile }

// rowsIn is how many of count rows the file of that number holds.
func rowsIn(number, count, perFile int) int { return min(perFile, count-number*perFile) }

// latentsNeed and captionsNeed are what the file of that number holds.
func (l layout) latentsNeed(number int) map[string]safetensors.Info {
	rows := rowsIn(number, l.Images, imagesPerFile)
	dims := append([]int{rows}, l.Latents[:]...)
	return map[string]safetensors.Info{
		"mean": {DType: l.DType, Dims: dims}, "deviation": {DType: l.DType, Dims: dims},
		"caption": {DType: safetensors.I32, Dims: []int{rows}}, "id": {DType: safetensors.I64, Dims: []int{rows}},
	}
}

func (l layout) captionsNeed(number int) map[string]safetensors.Info {
	rows := rowsIn(number, l.Captions, captionsPerFile)
	return map[string]safetensors.Info{"text": {DType: l.DType, Dims: append([]int{rows}, l.Text[:]...)}}
}

// holding opens a file and checks that it holds what it should.
func holding(path string, need map[string]safetensors.Info) (*safetensors.Reader, error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	if names := r.Names(); len(names) != len(need) {
		return nil, errors.Join(fmt.Errorf("%s holds the tensors %q", path, names), r.Close())
	}
	for _, name := range slices.Sorted(maps.Keys(need)) {
		want := need[name]
		if have, ok := r.Info(name); !ok || have.String() != want.String() {
			return nil, errors.Join(fmt.Errorf("%s: tensor %q is %s, expected %s", path, name, have, want), r.Close())
		}
	}
	return r, nil
}

// imageDigest stands for an image's ID.
func imageDigest(id string) int64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return int64(h.Sum64())
}

// PreparedError says that a directory is not what Prepare made, or not all of
// it, or of another model or other images.
type PreparedError struct {
	Path string
	Err  error
}

func (e *PreparedError) Error() string {
	return fmt.Sprintf("prepared images %s: %v", e.Path, e.Err)
}

// Unwrap gives what is wrong.
func (e *PreparedError) Unwrap() error { return e.Err }

// Prepared reads what Prepare made of one or several tables of images, in their
// order. Of a directory it holds a few open files in memory, no rows, however
// many there are. It may be used by several goroutines.
type Prepared struct {
	sets  []*preparedSet // in the order of OpenPrepared's arguments
	total int

	mu    sync.Mutex
	added int             // images that Add has seen
	open  []*preparedFile // the most recently used one last
}

// preparedSet is one directory; its images start at a number.
type preparedSet struct {
	directory string
	first     int
	layout
}

// preparedFile is an open file.
type preparedFile struct {
	path     string
	reader   *safetensors.Reader
	captions []int64 // of a file of latents
	ids      []int64 // of a file of latents
}

// openFiles is how many files are kept open.
const openFiles = 32

// OpenPrepared opens directories that Prepare filled, and checks all of their
// files' headers. An example is an image of the tables, numbered through. A
// directory that is named again counts once, like the table that several losses
// read. Errors are a *PreparedError.
func OpenPrepared(directories ...string) (*Prepared, error) {
	if len(directories) == 0 {
		return nil, errors.New("there are no prepared images")
	}
	p := &Prepared{}
	for _, directory := range directories {
		if slices.ContainsFunc(p.sets, func(s *preparedSet) bool { return s.directory == directory }) {
			continue
		}
		set, err := openSet(directory)
		if err == nil && len(p.sets) > 0 {
			err = set.alike(p.sets[0])
		}
		if err != nil {
			return nil, &PreparedError{Path: directory, Err: err}
		}
		set.first = p.total
		p.total += set.Images
		p.sets = append(p.sets, set)
	}
	return p, nil
}

// openSet reads a directory's layout and looks at each of its files.
func openSet(directory string) (*preparedSet, error) {
	text, err := os.ReadFile(filepath.Join(directory, layoutFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s in it: nothing was prepared there, or not to the end", layoutFile)
	}
	if err != nil {
		return nil, err
	}
	s := &preparedSet{directory: directory}
	if err := json.Unmarshal(text, &s.layout); err != nil {
		return nil, fmt.Errorf("%s: %w", layoutFile, err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", layoutFile, err)
	}
	look := func(name string, need map[string]safetensors.Info) error {
		r, err := holding(filepath.Join(directory, name), need)
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

// largestCount bounds what a layout may claim, so that no product of sizes
// overflows.
const largestCount = 1 << 30

func (l layout) check() error {
	if l.Format != layoutFormat {
		return fmt.Errorf("its format is %q, expected %q", l.Format, layoutFormat)
	}
	if l.DType != safetensors.F32 && l.DType != safetensors.F16 {
		return fmt.Errorf("its dtype is %q, expected F32 or F16", l.DType)
	}
	for _, size := range append(append([]int{l.Images, l.Captions}, l.Latents[:]...), l.Text[:]...) {
		if size < 1 || size > largestCount {
			return fmt.Errorf("a size of %d in it is impossible", size)
		}
	}
	return nil
}

// alike refuses sets of different models.
func (s *preparedSet) alike(other *preparedSet) error {
	if s.Latents != other.Latents || s.Text != other.Text {
		return fmt.Errorf("its latents are %v and embeddings %v, those of %s are %v and %v", s.Latents, s.Text, other.directory, other.Latents, other.Text)
	}
	return nil
}

// Close closes what is open.
func (p *Prepared) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var failures []error
	for _, f := range p.open {
		failures = append(failures, f.reader.Close())
	}
	p.open = nil
	return errors.Join(failures...)
}

// Len is the number of examples.
func (p *Prepared) Len() int { return p.total }

// Size is that of latents, [height, width, channels], and that of an embedding,
// [tokens, width].
func (p *Prepared) Size() (latents [3]int, text [2]int) { return p.sets[0].Latents, p.sets[0].Text }

// Latents fills in the distribution of an example's latents, as the
// autoencoder's encoder gives it: not scaled, each of the size of latents.
func (p *Prepared) Latents(example int, mean, deviation []float32) error {
	return p.locked(example, func(s *preparedSet, row int) error {
		f, err := p.latents(s, row)
		if err != nil {
			return err
		}
		return errors.Join(f.fill("mean", row%imagesPerFile, mean), f.fill("deviation", row%imagesPerFile, deviation))
	})
}

// Text fills in the embedding of an example's caption, of the size of text.
func (p *Prepared) Text(example int, out []float32) error {
	return p.locked(example, func(s *preparedSet, row int) error {
		f, err := p.latents(s, row)
		if err != nil {
			return err
		}
		return p.caption(s, f.captions[row%imagesPerFile], out)
	})
}

// Empty fills in the embedding of the empty caption, of the size of text.
func (p *Prepared) Empty(out []float32) error {
	return p.locked(0, func(s *preparedSet, _ int) error { return p.caption(s, 0, out) })
}

// Add gives the number of the next image, for whoever goes through the tables in
// the order of OpenPrepared's arguments, and refuses one that is not next.
func (p *Prepared) Add(_ context.Context, image table.Image) (int, error) {
	p.mu.Lock()
	example := p.added
	p.added++
	p.mu.Unlock()
	return example, p.Check(example, image.ID)
}

// Check refuses an image that is not the one that the example was made of, by
// its ID.
func (p *Prepared) Check(example int, id string) error {
	return p.locked(example, func(s *preparedSet, row int) error {
		f, err := p.latents(s, row)
		if err == nil && f.ids[row%imagesPerFile] != imageDigest(id) {
			err = fmt.Errorf("image %d is not %q: it was prepared of other images", row, id)
		}
		return err
	})
}

// locked runs work with the place of an example, one at a time.
func (p *Prepared) locked(example int, work func(s *preparedSet, row int) error) error {
	if example < 0 || example >= p.total {
		return fmt.Errorf("read prepared images: example %d of %d", example, p.total)
	}
	at, found := slices.BinarySearchFunc(p.sets, example, func(s *preparedSet, example int) int { return s.first - example })
	if !found {
		at--
	}
	s := p.sets[at]
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := work(s, example-s.first); err != nil {
		return &PreparedError{Path: s.directory, Err: err}
	}
	return nil
}

// latents is the open file with the latents of an image.
func (p *Prepared) latents(s *preparedSet, row int) (*preparedFile, error) {
	number := row / imagesPerFile
	return p.file(filepath.Join(s.directory, latentsFile(number)), func() map[string]safetensors.Info { return s.latentsNeed(number) })
}

// caption fills in a caption's embedding.
func (p *Prepared) caption(s *preparedSet, caption int64, out []float32) error {
	if caption < 0 || caption >= int64(s.Captions) {
		return fmt.Errorf("an image has the caption %d of %d", caption, s.Captions)
	}
	number := int(caption) / captionsPerFile
	f, err := p.file(filepath.Join(s.directory, captionsFile(number)), func() map[string]safetensors.Info { return s.captionsNeed(number) })
	if err != nil {
		return err
	}
	return f.fill("text", int(caption)%captionsPerFile, out)
}

// file opens a file, or finds it open.
func (p *Prepared) file(path string, need func() map[string]safetensors.Info) (*preparedFile, error) {
	for i, f := range slices.Backward(p.open) {
		if f.path == path {
			p.open = append(slices.Delete(p.open, i, i+1), f)
			return f, nil
		}
	}
	wants := need()
	r, err := holding(path, wants)
	if err != nil {
		return nil, err
	}
	f := &preparedFile{path: path, reader: r}
	for name, into := range map[string]*[]int64{"caption": &f.captions, "id": &f.ids} {
		if _, ok := wants[name]; !ok {
			continue
		}
		values, err := r.Integers(name)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		*into = values.Data
	}
	if len(p.open) >= openFiles {
		if err := p.open[0].reader.Close(); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		p.open = slices.Delete(p.open, 0, 1)
	}
	p.open = append(p.open, f)
	return f, nil
}

// fill reads a row of a tensor.
func (f *preparedFile) fill(name string, row int, out []float32) error {
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
