package plan

import (
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// RateWork has a rater judge images, or reads a label file.
type RateWork struct {
	Fraction float64 `json:"fraction"`         // share of the images, in (0, 1]
	Path     string  `json:"-"`                // a CSV or Parquet file; empty if a rater judges
	Digest   string  `json:"digest,omitempty"` // of what Path names
	Blind    bool    `json:"blind,omitempty"`  // the file names images by their labels.BlindID, those of other stages too
	Sheet    string  `json:"-"`                // what plumb export calls the sheet of a blind file
	Images   int     `json:"-"`
}

var _ Work = (*RateWork)(nil)

func (*RateWork) kind() (record.Kind, string) { return record.KindRate, "2" }
func (w *RateWork) items() (int, string)      { return w.Images, "images" }

func (w *RateWork) reads() []string { return []string{w.Path} }

func (*RateWork) source(*Node) string { return "from a file" }

// labels plans labels on images: by a rater, or from a file.
func (b *builder) labels(labels *spec.Labels) *Node {
	return b.once(labels, func() *Node {
		as := named{"rate/" + labels.Name, record.Stage{Subject: labels.Name}}
		images := b.images(labels.Images)
		if labels.Path != "" {
			work := &RateWork{Fraction: labels.Fraction, Path: labels.Path, Digest: b.spec.Digests[labels.Path], Images: labels.Images.Count()}
			return b.add(as, work, nil, b.seed("labels/"+labels.Name), labels.Range, Input{Images, images, Images})
		}
		return b.rate(as, as.name, labels.Rater, images, labels.Fraction, labels.Images.Count(), labels.Range)
	})
}

// rate has a rater judge images. The seed's name is that of the stage, so that
// simulated raters make other mistakes at every table that they judge, or one that
// tables with the same images share.
func (b *builder) rate(as named, seedName string, rater *spec.Component, images *Node, fraction float64, count int, where diag.Range) *Node {
	instance, inputs := b.instance(rater)
	instance.Seed = b.seed(seedName)
	inputs = append([]Input{{Images, images, Images}}, inputs...)
	return b.add(as, &RateWork{Fraction: fraction, Images: count}, instance, b.seed(seedName+" fraction"), where, inputs...)
}
