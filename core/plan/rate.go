package plan

import (
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// RateWork has a rater judge images, or reads a label file.
type RateWork struct {
	Fraction float64 `json:"fraction"`         // share of the images, in (0, 1]
	Count    int     `json:"count,omitempty"`  // of images, in place of Fraction; 0: not given
	Select   string  `json:"select,omitempty"` // spec.SelectUncertain: those whose Scores, an input, say least; empty: at random
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

func (w *RateWork) reads() []string { return []string{w.Path} }

func (*RateWork) source(*Node) string { return "from a file" }

// labels plans labels on images: by a rater, or from a file.
func (b *builder) labels(labels *spec.Labels) *Node {
	return b.once(labels, func() *Node {
		as := named{"rate/" + labels.Name, record.Stage{Subject: labels.Name}}
		images := b.images(labels.Images)
		if labels.Path != "" {
			work := &RateWork{Fraction: labels.Fraction, Count: labels.Count, Path: labels.Path, Digest: b.spec.Digests[labels.Path], Images: labels.Images.Count()}
			return b.add(as, work, nil, b.seed("labels/"+labels.Name), labels.Range, Input{Images, images, Images})
		}
		work := &RateWork{Fraction: labels.Fraction, Count: labels.Count, Images: labels.Images.Count()}
		var scores []Input
		if labels.Reward != nil {
			work.Select, as.about.Reward = labels.Select, labels.Reward.Name
			scores = []Input{{Scores, b.score(labels.Reward, b.imageSet(labels.Images), labels.Range), Scores}}
		}
		return b.rates(as, as.name, labels.Rater, images, work, labels.Range, scores...)
	})
}

// rate has a rater judge images. The seed's name is that of the stage, so that
// simulated raters make other mistakes at every table that they judge, or one that
// tables with the same images share.
func (b *builder) rate(as named, seedName string, rater *spec.Component, images *Node, count int, where diag.Range) *Node {
	return b.rates(as, seedName, rater, images, &RateWork{Fraction: 1, Images: count}, where)
}

// rates is rate of the images that the work says.
func (b *builder) rates(as named, seedName string, rater *spec.Component, images *Node, work *RateWork, where diag.Range, scores ...Input) *Node {
	instance, inputs := b.instance(rater)
	instance.Seed = b.seed(seedName)
	inputs = append(append([]Input{{Images, images, Images}}, scores...), inputs...)
	return b.add(as, work, instance, b.seed(seedName+" fraction"), where, inputs...)
}
