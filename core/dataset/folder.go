package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
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
// The ID is the file's name if none is given; the split is "seen" unless it
// says "unseen". Of a list of captions the first is taken.
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
	images   int      // image files in root
	chosen   map[name]bool

	problems  diag.List
	ids       map[name]spot
	named     map[name]spot  // image files
	ofPrompt  map[name]int32 // images so far, by prompt
	hash      hash.Hash      // of everything read
	inventory Inventory
}

// name is as good as a text of any length: the beginning of its sha256. A
// folder of a hundred thousand images needs some ten megabytes for them.
type name [16]byte

func nameOf(text string) name {
	sum := sha256.Sum256([]byte(text))
	return name(sum[:16])
}

// spot is where an image is spoken of.
type spot struct{ file, line int32 }

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

// wrong is a mistake of the whole folder.
func (f Folder) wrong(summary, detail string) error {
	return diag.List{{Summary: summary, Detail: detail, Subject: diag.Range{File: f.Path}}}
}

// find lists the files that say what the images are.
func (r *folder) find() error {
	var others []string // tables and metadata that the pattern leaves out
	err := fs.WalkDir(r.root.FS(), ".", func(file string, e fs.DirEntry, err error) error {
		if err == nil {
			err = r.ctx.Err()
		}
		if err != nil {
			return err
		}
		base, extension := e.Name(), strings.ToLower(path.Ext(e.Name()))
		isMetadata := base == "metadata.jsonl" || base == "metadata.csv" || base == "metadata.parquet" && r.namesFiles(file)
		switch {
		case strings.HasPrefix(base, ".") && file != ".":
			if e.IsDir() {
				return fs.SkipDir
			}
		case e.IsDir():
		case slices.Contains(imageTypes, extension):
			r.images++
		case isMetadata || extension == ".parquet":
			if match, err := path.Match(r.Files, file); err != nil {
				return r.wrong(fmt.Sprintf("%q is not a pattern", r.Files), `Write it as in "data/train-*.parquet".`)
			} else if r.Files != "" && !match {
				others = append(others, file)
			} else if isMetadata {
				r.metadata = append(r.metadata, file)
			} else {
				r.tables = append(r.tables, file)
			}
		}
		return nil
	})
	var known diag.List
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case err != nil:
		return r.wrong("The folder cannot be read", err.Error()+".")
	case len(r.metadata) > 0: // tables beside it are something else
		r.tables = nil
	case len(r.tables) == 0 && len(others) > 0:
		const most = 10
		if len(others) > most {
			others = append(others[:most:most], "…")
		}
		return r.wrong(fmt.Sprintf("No file is called %s", r.Files), fmt.Sprintf("The folder has %s.", strings.Join(others, ", ")))
	case len(r.tables) == 0:
		return r.wrong(fmt.Sprintf("The folder %s has no captions", r.Path),
			`It needs a metadata.jsonl with lines such as {"file_name": "0001.png", "text": "a red circle"}, or Parquet files with the columns image and text.`)
	}
	return nil
}

// entry is an image that metadata or a row of a table speaks of.
type entry struct {
	where  diag.Range
	at     spot
	row    row
	file   string      // its name in the root; empty: image has it
	info   fs.FileInfo // of file
	digest string      // of the file's content
	image  []byte      // of a table; nil while it is scanned
}

// row is what is said of an image.
type row struct {
	ID       string            `json:"id"`
	Text     string            `json:"text"`
	Category string            `json:"category,omitempty"`
	Split    string            `json:"split"`
	Slots    map[string]string `json:"slots,omitempty"`
	FileName string            `json:"file_name,omitempty"`
}

// run visits the images that are taken, in order, and gives the inventory. scan
// tells that the images of tables need not be read. finish is called after the
// last one.
func (r *folder) run(scan bool, visit func(*entry) error, finish func() error) (Inventory, error) {
	if r.Limit > 0 && r.chosen == nil {
		if err := r.choose(); err != nil {
			return Inventory{}, err
		}
	}
	r.start()
	if err := r.hashTables(); err != nil {
		return Inventory{}, err
	}
	err := r.each(scan, func(e *entry) error {
		if !r.taken(e) {
			return nil
		}
		r.inventory.Images++
		if e.row.Split == "unseen" {
			r.inventory.Unseen++
		}
		return visit(e)
	})
	if err == nil {
		err = finish()
	}
	if err != nil && !errors.Is(err, errStop) {
		return Inventory{}, err
	}
	if r.problems != nil {
		return Inventory{}, r.problems
	}
	if r.inventory.Images == 0 {
		return Inventory{}, r.wrong("No images in "+r.Path, r.nothing())
	}
	if len(r.metadata) > 0 && r.Files == "" {
		r.inventory.LeftOut = max(0, r.images-len(r.named))
	}
	r.inventory.Digest = hex.EncodeToString(r.hash.Sum(nil))
	return r.inventory, nil
}

func (r *folder) nothing() string {
	if r.Split != "" && len(r.ids) > 0 {
		return fmt.Sprintf("None of its %d images has the split %q. Leave split out, or write the column split into its metadata.", len(r.ids), r.Split)
	}
	return "Its metadata has no lines."
}

func (r *folder) start() {
	r.problems, r.inventory = nil, Inventory{}
	r.ids, r.named, r.ofPrompt = map[name]spot{}, map[name]spot{}, map[name]int32{}
	r.hash = sha256.New()
	r.hash.Write([]byte("plumb images 1\n"))
}

// each visits every image without a mistake. Mistakes are gathered; errStop
// says that there are enough of them.
func (r *folder) each(scan bool, visit func(*entry) error) error {
	for i, file := range r.metadata {
		if err := r.readMetadata(int32(i), file, visit); err != nil {
			return err
		}
	}
	for i, file := range r.tables {
		if err := r.readTable(int32(i), file, scan, visit); err != nil {
			return err
		}
	}
	return nil
}

// taken reports whether an image is of the split and was chosen.
func (r *folder) taken(e *entry) bool {
	if r.Split != "" && e.row.Split != r.Split {
		return false
	}
	return r.chosen == nil || r.chosen[nameOf(e.row.ID)]
}

// choose draws Limit images by the seed. An image's luck depends on the seed
// and its ID alone, so a larger draw holds every smaller one, and an image that
// is added changes the draw by one at most.
func (r *folder) choose() error {
	type lot struct {
		priority uint64
		image    name
	}
	before := func(a, b lot) int {
		if a.priority != b.priority {
			if a.priority < b.priority {
				return -1
			}
			return 1
		}
		return slices.Compare(a.image[:], b.image[:])
	}
	var lots []lot
	r.start()
	err := r.each(true, func(e *entry) error {
		if r.taken(e) {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("plumb subset 1\x00"), r.Seed))
			sum = sha256.Sum256(append(sum[:], e.row.ID...))
			lots = append(lots, lot{binary.BigEndian.Uint64(sum[:]), nameOf(e.row.ID)})
		}
		// What is out of the draw is let go now and then.
		if len(lots) >= 2*r.Limit+1024 {
			slices.SortFunc(lots, before)
			lots = lots[:r.Limit]
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return err
	}
	if r.problems != nil {
		return r.problems
	}
	slices.SortFunc(lots, before)
	r.chosen = map[name]bool{}
	for _, l := range lots[:min(r.Limit, len(lots))] {
		r.chosen[l.image] = true
	}
	return nil
}

// problem notes a mistake of one image. It returns errStop when there are
// enough.
func (r *folder) problem(where diag.Range, summary, detail string) error {
	r.problems = append(r.problems, diag.Diagnostic{Summary: summary, Detail: detail, Subject: where})
	if len(r.problems) < mostProblems {
		return nil
	}
	r.problems = append(r.problems, diag.Diagnostic{
		Summary: "There may be more mistakes in " + r.Path, Detail: fmt.Sprintf("Reading stopped after %d.", mostProblems), Subject: diag.Range{File: r.Path},
	})
	return errStop
}

// add checks what is said of an image and hands it on.
func (r *folder) add(e *entry, visit func(*entry) error) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if e.row.Text == "" {
		return r.problem(e.where, r.called(e)+" has no caption", r.wantCaption())
	}
	if first, twice := r.ids[nameOf(e.row.ID)]; twice {
		return r.problem(e.where, r.called(e)+" is there twice", fmt.Sprintf("The first time is at %s. Every image needs an ID of its own.", r.spell(first)))
	}
	r.ids[nameOf(e.row.ID)] = e.at
	if e.row.Split != "unseen" {
		e.row.Split = "seen"
	}
	return visit(e)
}

// called is an image's name at the beginning of a sentence.
func (r *folder) called(e *entry) string {
	if e.file == "" {
		return fmt.Sprintf("The image %q in row %d", e.row.ID, e.at.line)
	}
	return fmt.Sprintf("The image %q", e.row.FileName)
}

func (r *folder) wantCaption() string {
	if r.Caption != "" {
		return fmt.Sprintf("Its %s is empty. Write one, or name another column: caption = \"text\".", r.Caption)
	}
	return `Give it one as text, or name the column that has it: caption = "column".`
}

func (r *folder) spell(p spot) string {
	files := r.metadata
	if len(files) == 0 {
		files = r.tables
	}
	return fmt.Sprintf("%s:%d", files[p.file], p.line)
}

// whole is the path of a file of the folder, for people and for the memory.
func (r *folder) whole(file string) string {
	if r.root == nil {
		return file
	}
	return filepath.Join(r.Path, filepath.FromSlash(file))
}

func lineOf(path string, line int) diag.Range {
	at := diag.Position{Line: line, Column: 1}
	return diag.Range{File: path, Start: at, End: at}
}

// stat looks for an image file. It returns what is wrong with it in words.
func (r *folder) stat(file string) (info fs.FileInfo, wrong string) {
	info, err := r.root.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Sprintf("There is no such file in %s. Add it, or remove the line.", r.whole(path.Dir(file)))
	case err != nil && strings.Contains(err.Error(), "escapes"):
		return nil, "It is a link that leads out of the folder. Copy the file into the folder (`cp -L` copies what links lead to)."
	case err != nil:
		return nil, err.Error() + "."
	case !info.Mode().IsRegular():
		return nil, "It is no regular file."
	case info.Size() > largestFile:
		return nil, fmt.Sprintf("It has %d bytes; more than %d MiB are taken for a mistake.", info.Size(), largestFile>>20)
	case info.Size() == 0:
		return nil, "The file is empty."
	}
	return info, ""
}

// digestAll notes entries and, of files, the digest of their content.
func (r *folder) digestAll(batch []*entry) error {
	failures := make([]error, len(batch))
	inParallel(len(batch), func(i int) {
		if e := batch[i]; e.file != "" {
			failures[i] = r.digestFile(e)
		}
	})
	for i, e := range batch {
		if failures[i] != nil {
			if err := r.problem(e.where, r.called(e)+" cannot be read", failures[i].Error()+"."); err != nil {
				return err
			}
			continue
		}
		r.note(e)
	}
	return r.ctx.Err()
}

func (r *folder) digestFile(e *entry) (err error) {
	path := r.whole(e.file)
	if known, ok := r.memory.Recall(path, e.info); ok {
		e.digest = known
		return nil
	}
	file, err := r.root.Open(e.file)
	if err != nil {
		return err
	}
	defer file.Close()
	e.digest, err = r.memory.Open(file, path)
	return err
}

// note adds an image to the digest of all: what is said of it, and the digest
// of its file. An image of a table is in the table's digest.
func (r *folder) note(e *entry) {
	if e.file == "" {
		return
	}
	text, err := json.Marshal(e.row)
	if err != nil {
		panic(err) // of texts alone
	}
	fmt.Fprintf(r.hash, "%s  %s\n", e.digest, text)
}
