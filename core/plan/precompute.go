package plan

import (
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// PrecomputeWork has a sampler turn images into what its tuning reads.
type PrecomputeWork struct {
	Images int `json:"-"`
}

var _ Work = (*PrecomputeWork)(nil)

func (*PrecomputeWork) kind() (record.Kind, string) { return record.KindPrecompute, "1" }
func (w *PrecomputeWork) items() (int, string)      { return w.Images, "images" }

// precompute has a sampler turn images into what its tuning reads. The stage is
// that of the sampler as it comes, whatever finetune asks, and it has none of
// the experiment's seed in it: all finetunes of one sampler on the same images
// share it, over variants and seeds too.
func (b *builder) precompute(sampler *spec.Component, set *spec.Images, images *Node) *Node {
	instance, inputs := b.instance(sampler)
	instance.Seed = 0
	inputs = append([]Input{{Images, images, Images}}, inputs...)
	as := named{"precompute/" + set.Name + "/" + sampler.Name, record.Stage{Subject: set.Name}}
	return b.add(as, &PrecomputeWork{Images: set.Count()}, instance, DeriveSeed(0, "precompute"), set.Range, inputs...)
}
