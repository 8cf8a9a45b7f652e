package plan

import (
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// EncodeWork turns images into vectors.
type EncodeWork struct {
	Texts  bool `json:"texts"` // their prompts, too
	Images int  `json:"-"`
}

// EncodeTextsWork turns a table of texts into vectors.
type EncodeTextsWork struct{}

var (
	_ Work = (*EncodeWork)(nil)
	_ Work = (*EncodeTextsWork)(nil)
)

func (*EncodeWork) kind() (record.Kind, string) { return record.KindEncode, "2" }
func (w *EncodeWork) items() (int, string)      { return w.Images, "images" }

func (*EncodeTextsWork) kind() (record.Kind, string) { return record.KindEncode, "2" }
func (*EncodeTextsWork) items() (int, string)        { return 0, "texts" }

// encode has an encoder make features of images, and of their prompts if it can.
// Whoever reads features of these images by this encoder shares the stage.
func (b *builder) encode(encoder *spec.Component, of imageSet) *Node {
	instance, inputs := b.instance(encoder)
	inputs = append([]Input{{Images, of.node, Images}}, inputs...)
	work := &EncodeWork{Texts: instance.Identity.Has(schema.Texts), Images: of.count}
	return b.add(of.as(record.KindEncode, encoder), work, instance, 0, encoder.Range, inputs...)
}
