package plan

import "github.com/plumb-ml/plumb/core/record"

// How images are chosen.
const (
	ChooseBest   = "best"
	ChooseRandom = "random"
)

// ChooseWork keeps some images of each prompt.
type ChooseWork struct {
	How    string `json:"how"` // ChooseBest by score, ChooseRandom by the stage's seed
	Keep   int    `json:"keep"`
	Images int    `json:"-"`
}

var _ Work = (*ChooseWork)(nil)

func (*ChooseWork) kind() (record.Kind, string) { return record.KindChoose, "1" }
func (w *ChooseWork) items() (int, string)      { return w.Images, "images" }
