package plan

import (
	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/record"
)

// ImportWork reads images that people bring along.
type ImportWork struct {
	Folder imagefolder.Folder `json:"folder"`
	Digest string             `json:"digest"` // of what is taken of the folder
	Images int                `json:"-"`
}

var _ Work = (*ImportWork)(nil)

func (*ImportWork) kind() (record.Kind, string) { return record.KindImport, "3" }
func (w *ImportWork) items() (int, string)      { return w.Images, "images" }

func (w *ImportWork) reads() []string { return []string{w.Folder.Path} }

func (*ImportWork) source(*Node) string { return "from a folder" }
