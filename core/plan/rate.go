package plan

import (
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// RateWork has a rater judge images, reads a label file, or takes in what people say.
type RateWork struct {
	Fraction float64 `json:"fraction"`         // share of the images, in (0, 1]
	Count    int     `json:"count,omitempty"`  // of images, in place of Fraction; 0: not given
	Select   string  `json:"select,omitempty"` // spec.SelectUncertain: those whose Scores, an input, say least; empty: at random
	People   *Asking `json:"people,omitempty"` // nil if nobody is asked
	Path     string  `json:"-"`                // a CSV or Parquet file; empty if a rater judges
	Digest   string  `json:"digest,omitempty"` // of what Path names
	Blind    bool    `json:"blind,omitempty"`  // the file names images by their labels.BlindID, those of other stages too
	Sheet    string  `json:"-"`                // what plumb export calls the sheet of a blind file
	Images   int     `json:"-"`
}

var _ Work = (*RateWork)(nil)

func (*RateWork) kind() (record.Kind, string) { return record.KindRate, "2" }
func (w *RateWork) items() (int, string) {
	if w.Count > 0 {
		return min(w.Count, w.Images), "images"
	}
	return w.Images, "images"
}

func (w *RateWork) reads() []string { return append(w.People.reads(), w.Path) }
func (w *RateWork) asks() *Asking   { return w.People }

func (w *RateWork) source(*Node) string {
	if w.People != nil {
		return "by people"
	}
	return "from a file"
}

// labels plans labels on images: by a rater, from a file, or by people.
func (b *builder) labels(labels *spec.Labels) *Node {
	return b.once(labels, func() *Node {
		as := named{"rate/" + labels.Name, record.Stage{Subject: labels.Name}}
		images := b.images(labels.Images)
		if labels.Path != "" {
			work := &RateWork{Fraction: labels.Fraction, Count: labels.Count, Path: labels.Path, Digest: b.spec.Digests[labels.Path], Images: labels.Images.Count()}
			return b.add(as, work, nil, b.seed("labels/"+labels.Name), labels.Range, Input{Images, images, Images})
		}
		work := &RateWork{Fraction: labels.Fraction, Count: labels.Count, Images: labels.Images.Count()}
		inputs := []Input{{Images, images, Images}}
		if labels.Reward != nil {
			work.Select, as.about.Reward = labels.Select, labels.Reward.Name
			inputs = append(inputs, Input{Scores, b.score(labels.Reward, b.imageSet(labels.Images), labels.Range), Scores})
		}
		if labels.People != nil {
			work.People = b.asking(labels.People, people.Rate, people.Alignment)
			if by := labels.People.By; by != nil {
				work.People.Scores = b.score(by, b.imageSet(labels.Images), labels.People.Range)
			}
			return b.add(as, work, nil, b.seed(fractionSeed(as.name)), labels.Range, inputs...) // those that a rater would label
		}
		return b.rates(as, as.name, labels.Rater, work, labels.Range, inputs...)
	})
}

// rate has a rater judge images. The seed's name is that of the stage, so that
// simulated raters make other mistakes at every table that they judge, or one that
// tables with the same images share.
func (b *builder) rate(as named, seedName string, rater *spec.Component, images *Node, count int, where diag.Range) *Node {
	return b.rates(as, seedName, rater, &RateWork{Fraction: 1, Images: count}, where, Input{Images, images, Images})
}

// rates is rate of the images that the work says, with what says which.
func (b *builder) rates(as named, seedName string, rater *spec.Component, work *RateWork, where diag.Range, inputs ...Input) *Node {
	instance, checkpoint := b.instance(rater)
	instance.Seed = b.seed(seedName)
	return b.add(as, work, instance, b.seed(fractionSeed(seedName)), where, append(inputs, checkpoint...)...)
}

// ask has people judge images, or the share of them that the seed chooses.
func (b *builder) ask(as named, work *RateWork, seed uint64, images *Node, where diag.Range) *Node {
	return b.add(as, work, nil, seed, where, Input{Images, images, Images})
}

func fractionSeed(seedName string) string { return seedName + " fraction" }
