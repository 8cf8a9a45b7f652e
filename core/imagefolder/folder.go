package imagefolder

import (
	"context"
	"hash"
	"os"
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/digest"
)

// Folder is captioned images that people bring along, and what is taken of
// them. The path is
//
//   - a folder of images, with a metadata.jsonl, metadata.csv or metadata.parquet
//     in it or in its folders, as Hugging Face's imagefolder has it: file_name, and the caption
//     as text, caption or prompt; id, category, split and slots may be given too;
//   - a Parquet file, or a folder of such, with a column "image" of datasets'
//     Image type and the same others. The images tables of this package are such.
//
// Pictures are turned upright by their Exif data, and have the values that
// libwebp gives them and, but for rounding, libjpeg.
//
// The ID is id or image_id, and the file's name if neither is given; the split is
// "seen" or "unseen", and "seen" if it is empty. Of a list of captions the first is taken.
//
// Its JSON is part of a stage's key; the path is not in it, the digest of what
// is read stands for it.
type Folder struct {
	Path    string `json:"-"`
	Files   string `json:"files,omitempty"`   // pattern, as path.Match, of the Parquet or metadata files that are read, relative to the path; empty: all
	Caption string `json:"caption,omitempty"` // the column of captions; empty: text, caption or prompt
	Split   string `json:"split,omitempty"`   // "seen", "unseen"; empty: all
	Limit   int    `json:"limit,omitempty"`   // how many images are drawn of these; 0: all are taken
	Seed    uint64 `json:"seed,omitempty"`    // of the draw

	// Width and Height are what every image is resized to; 0: images are as
	// they are. Stretched images lose their shape; others cover the size, and
	// their middle is cut out.
	Width   int  `json:"width,omitempty"`
	Height  int  `json:"height,omitempty"`
	Stretch bool `json:"stretch,omitempty"`
}

// Inventory is what a Folder gives.
type Inventory struct {
	Images int
	Unseen int    // of the images
	Digest string // sha256 of what was read of it, images and metadata, in hex
	// Splits are the splits of a data set, such as "test, train", that the names of
	// the files tell of; empty if there are not several, or a pattern chose among
	// them. They are read as one.
	Splits string
	// LeftOut counts image files that no metadata names.
	LeftOut int
}

const (
	// mostProblems is how many mistakes of a folder are worth reading.
	mostProblems = 20
	// largestFile bounds an image file, largestLine a line of metadata, in bytes.
	largestFile = 256 << 20
	largestLine = 16 << 20
)

// imageTypes are the names of files that can be read.
var imageTypes = []string{".png", ".jpg", ".jpeg", ".webp", ".bmp"}

// Scan reads what the folder's metadata says and looks whether the files are
// there, but into no image. Its digest is that of the files' content, as far as
// the memory does not know it already. All mistakes that can be known are
// reported at once, as a diag.List.
func (f Folder) Scan(ctx context.Context, memory *digest.Memory) (Inventory, error) {
	r, err := f.open(ctx, memory)
	if err != nil {
		return Inventory{}, err
	}
	defer r.close()
	var batch []*entry
	flush := func() error {
		err := r.digestAll(batch)
		batch = batch[:0]
		return err
	}
	return r.run(true, func(e *entry) error {
		if batch = append(batch, e); len(batch) < 256 {
			return nil
		}
		return flush()
	}, flush)
}

// folder is a Folder that is being read.
type folder struct {
	Folder
	ctx      context.Context
	memory   *digest.Memory
	root     *os.Root // nil if the path is a Parquet file
	metadata []string // names in root
	tables   []string // names in root, or the path itself
	nearly   []string // names in root that are like those of metadata
	images   int      // image files in root
	all      []string // all files in root, sorted; nil: not needed yet
	chosen   map[name]bool
	inspects bool // images of tables are looked at while they are scanned

	problems  diag.List
	ids       map[name]spot
	named     map[name]spot   // image files
	ofPrompt  map[name]int32  // images so far, by prompt
	hinted    map[string]bool // mistakes that were explained
	hash      hash.Hash       // of everything read
	inventory Inventory
}

func (f Folder) open(ctx context.Context, memory *digest.Memory) (*folder, error) {
	r := &folder{Folder: f, ctx: ctx, memory: memory}
	info, err := os.Stat(f.Path)
	if err != nil {
		return nil, f.wrong("No folder of images", err.Error()+". Give the path of a folder with a metadata.jsonl, or of a Parquet file.")
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() || !strings.EqualFold(filepath.Ext(f.Path), ".parquet") {
			return nil, f.wrong(f.Path+" is not a folder of images", "Give the path of the folder that holds images and their metadata.jsonl, or of a Parquet file with an image column.")
		}
		if f.Files != "" {
			return nil, f.wrong("A pattern for a single file", "files chooses among the files of a folder, and "+f.Path+" is a file. Remove it.")
		}
		r.tables = []string{f.Path}
		return r, nil
	}
	if r.root, err = os.OpenRoot(f.Path); err != nil {
		return nil, f.wrong("The folder cannot be read", err.Error()+".")
	}
	if err := r.find(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *folder) close() {
	if r.root != nil {
		r.root.Close()
	}
}

// whole is the path of a file of the folder, for people and for the memory.
func (r *folder) whole(file string) string {
	if r.root == nil {
		return file
	}
	return filepath.Join(r.Path, filepath.FromSlash(file))
}
