package imagefolder

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// entry is an image that metadata or a row of a table speaks of.
type entry struct {
	where  diag.Range
	at     spot
	row    row
	file   string      // its name in the root; empty: image has it
	info   fs.FileInfo // of file
	digest string      // of the file's content
	image  []byte      // of a table; while it is scanned nil, or valid during the visit
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
	split := strings.ToLower(strings.TrimSpace(e.row.Split))
	switch split {
	case "":
		split = "seen"
	case "seen", "unseen":
	default:
		if r.hinted["split "+split] {
			return nil // said of another image
		}
		r.hinted["split "+split] = true
		return r.problem(e.where, fmt.Sprintf("%s has the split %q", r.called(e), e.row.Split),
			`It is neither "seen" nor "unseen", which is what an image's prompt is to the model: the tables tell the two apart. Write one of them, or rename the column.`+diag.DidYouMean(split, []string{"seen", "unseen"}))
	}
	e.row.Split = split
	return visit(e)
}

// idColumns have an image's ID, the first one that is not empty.
var idColumns = []string{"id", "image_id"}

func idOf(text func(column string) string) string {
	for _, column := range idColumns {
		if id := text(column); id != "" {
			return id
		}
	}
	return ""
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

// captionOf is the caption by the named column, or by the first that has one.
func (r *folder) captionOf(text func(column string) string) string {
	if r.Caption != "" {
		return strings.TrimSpace(text(r.Caption))
	}
	for _, column := range captionColumns {
		if caption := strings.TrimSpace(text(column)); caption != "" {
			return caption
		}
	}
	return ""
}

// captionColumns are where captions are looked for, the first one first. Our
// own tables have them as prompt.
var captionColumns = []string{"text", "caption", "prompt"}
