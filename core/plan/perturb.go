package plan

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// How images are perturbed. The first three take away what a reward is to see: the
// score must fall. The others leave it: the score should stay.
const (
	PerturbPrompt = "other_prompt" // the image of another prompt, of the same category if there is one
	PerturbBlank  = "blank"        // middle grey
	PerturbNoise  = "noise"        // every byte at random
	PerturbJPEG   = "jpeg"         // compressed at a quality of Amount
	PerturbResize = "resize"       // shrunk to Amount percent of its width and height, and enlarged again
	PerturbFlip   = "flip"         // left and right exchanged
)

// Perturbation is one change of images.
type Perturbation struct {
	Amount int    `json:"amount,omitempty"`
	How    string `json:"how"`
}

// Name is what metrics and images call the change, such as "jpeg_50".
func (p Perturbation) Name() string {
	if p.Amount == 0 {
		return p.How
	}
	return fmt.Sprintf("%s_%d", p.How, p.Amount)
}

// Destroys reports whether the change takes away what a reward is to see.
func (p Perturbation) Destroys() bool {
	return p.How == PerturbPrompt || p.How == PerturbBlank || p.How == PerturbNoise
}

// Image is the ID of a changed image.
func (p Perturbation) Image(id string) string { return id + "/" + p.Name() }

// PerturbWork changes some images of a table: each is in the table once for every
// change.
type PerturbWork struct {
	Images        int            `json:"images"` // at most so many, the same number of each prompt as far as it goes
	Perturbations []Perturbation `json:"perturbations"`
	Changed       int            `json:"-"` // images that are made, at most
}

var _ Work = (*PerturbWork)(nil)

func (*PerturbWork) kind() (record.Kind, string) { return record.KindPerturb, "1" }
func (w *PerturbWork) items() (int, string)      { return w.Changed, "images" }

// perturbations are those of a reward card.
func perturbations(card *spec.RewardCard) []Perturbation {
	all := []Perturbation{{How: PerturbPrompt}, {How: PerturbBlank}, {How: PerturbNoise}}
	for _, quality := range card.JPEG {
		all = append(all, Perturbation{How: PerturbJPEG, Amount: quality})
	}
	return append(all, Perturbation{How: PerturbResize, Amount: card.Resize}, Perturbation{How: PerturbFlip})
}

// perturbed are the changed images of a model.
func (e *evaluation) perturbed(model spec.Model) imageSet {
	changes := perturbations(e.Card)
	of := e.set(model)
	work := &PerturbWork{Images: e.Card.Images, Perturbations: changes, Changed: min(e.Card.Images, of.count) * len(changes)}
	as := named{"perturb/" + of.name, of.about}
	as.about.Measure = string(metric.MeasureRewardCard)
	node := e.add(as, work, nil, e.seed(as.name), e.Card.Range, Input{Images, of.node, Images})
	return imageSet{of.name + "/perturbed", as.about, node, work.Changed}
}
