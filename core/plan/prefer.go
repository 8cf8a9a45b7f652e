package plan

import (
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// PreferWork has a rater or people choose between two models' images of one prompt and
// seed, or reads such choices from a file.
type PreferWork struct {
	Model  string  `json:"model"` // which the choices speak of; its images are the input Images
	Versus string  `json:"versus"`
	Path   string  `json:"-"`                // a CSV or Parquet file, which names images by their labels.BlindID; empty if nobody wrote one
	Digest string  `json:"digest,omitempty"` // of what Path names
	People *Asking `json:"people,omitempty"` // nil if nobody is asked
	Sheet  string  `json:"-"`                // what plumb export calls the sheet of the file
	Pairs  int     `json:"-"`
}

var _ Work = (*PreferWork)(nil)

// OtherImages is the role of the images that a model's are compared with.
const OtherImages = "other images"

func (*PreferWork) kind() (record.Kind, string) { return record.KindPrefer, "1" }
func (w *PreferWork) items() (int, string)      { return w.Pairs, "pairs" }

func (w *PreferWork) reads() []string { return append(w.People.reads(), w.Path) }
func (w *PreferWork) asks() *Asking   { return w.People }

func (w *PreferWork) source(*Node) string {
	if w.People != nil {
		return "by people"
	}
	return "from a file"
}

// preferred has the block's rater choose between the images of two models, or looks for
// the choices among people's: one file, or one question, for all the pairs of the block,
// of all variants.
func (e *evaluation) preferred(model, versus spec.Model) *Node {
	as := e.between("prefer", model, versus)
	work := &PreferWork{Model: model.Name(), Versus: versus.Name(), Sheet: e.sheet() + "/preference", Pairs: e.count}
	inputs := []Input{{Images, e.drawn(model), Images}, {OtherImages, e.drawn(versus), Images}}
	if path := e.Preference.Path; path != "" {
		work.Path, work.Digest = path, e.spec.Digests[path]
		return e.add(as, work, nil, 0, e.Preference.Range, inputs...)
	}
	if block := e.Preference.People; block != nil {
		work.People = e.asking(block, people.Compare, people.Alignment, people.Fidelity)
		work.People.Blind = true
		return e.add(as, work, nil, 0, e.Preference.Range, inputs...)
	}
	instance, more := e.instance(e.Preference.Rater)
	instance.Seed = e.seed(as.name)
	return e.add(as, work, instance, e.seed(as.name+" sides"), e.Preference.Range, append(inputs, more...)...)
}

// between names a stage about two models.
func (e *evaluation) between(kind string, model, versus spec.Model) named {
	as := e.of(kind, model)
	as.name += "/" + versus.Name()
	as.about.Versus = versus.Name()
	return as
}
