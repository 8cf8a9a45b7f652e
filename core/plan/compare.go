package plan

import (
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// CompareWork has a rater or people choose between two images of a prompt, reads such
// choices from a file, or makes them of the input Labels.
type CompareWork struct {
	PerPrompt int     `json:"per_prompt,omitempty"` // pairs of a prompt, or as many as there are; 0: those of the file
	Path      string  `json:"-"`                    // a CSV or Parquet file; empty if a rater compares, or labels do
	Digest    string  `json:"digest,omitempty"`     // of what Path names
	People    *Asking `json:"people,omitempty"`     // nil if nobody is asked
	Pairs     int     `json:"-"`
}

var _ Work = (*CompareWork)(nil)

func (*CompareWork) kind() (record.Kind, string) { return record.KindCompare, "1" }
func (w *CompareWork) items() (int, string)      { return w.Pairs, "pairs" }

func (w *CompareWork) reads() []string { return append(w.People.reads(), w.Path) }
func (w *CompareWork) asks() *Asking   { return w.People }

func (w *CompareWork) source(node *Node) string {
	if w.People != nil {
		return "by people"
	}
	if _, ok := node.Input(Labels); ok {
		return "from labels"
	}
	return "from a file"
}

// comparisons has a rater choose between images, as rate has one judge them. A
// file of choices needs the images to say who they are; labels know that.
func (b *builder) comparisons(comparisons *spec.Comparisons) *Node {
	return b.once(comparisons, func() *Node {
		as := named{"compare/" + comparisons.Name, record.Stage{Subject: comparisons.Name}}
		work := &CompareWork{PerPrompt: comparisons.PerPrompt, Pairs: comparisons.Pairs()}
		seed := b.seed(as.name + " pairs")
		switch {
		case comparisons.Path != "":
			work = &CompareWork{Path: comparisons.Path, Digest: b.spec.Digests[comparisons.Path]}
			return b.add(as, work, nil, 0, comparisons.Range, Input{Images, b.images(comparisons.Images), Images})
		case comparisons.Labels != nil:
			return b.add(as, work, nil, seed, comparisons.Range, Input{Labels, b.labels(comparisons.Labels), Labels})
		case comparisons.People != nil:
			work.People = b.asking(comparisons.People, people.Compare, people.Alignment)
			if by := comparisons.People.By; by != nil {
				work.People.Scores = b.score(by, b.imageSet(comparisons.Images), comparisons.People.Range)
			}
			return b.add(as, work, nil, seed, comparisons.Range, Input{Images, b.images(comparisons.Images), Images})
		}
		instance, inputs := b.instance(comparisons.Rater)
		instance.Seed = b.seed(as.name)
		inputs = append([]Input{{Images, b.images(comparisons.Images), Images}}, inputs...)
		return b.add(as, work, instance, seed, comparisons.Range, inputs...)
	})
}
