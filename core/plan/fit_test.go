package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/spec"
)

// A reward that is fitted on several labels reads each with its own images and their
// features.
func TestFitOnSeveralLabels(t *testing.T) {
	s := experiment(1)
	human, unlabelled, withAux := s.Labels[0], s.Images[1], s.Rewards[1]
	more := &spec.Labels{Name: "more", Images: unlabelled, Rater: human.Rater, Fraction: 1}
	s.Labels = append(s.Labels, more)
	withAux.Labels = append(withAux.Labels, more)
	p := build(t, Source{Spec: s, Seed: 1})
	pooled := []string{
		"images 1 = images of sample/labelled", "labels 1 = labels of rate/human",
		"images 2 = images of sample/unlabelled", "labels 2 = labels of rate/more",
	}
	if got := inputs(node(t, p, "texts/with_aux")); !slices.Equal(got, pooled) {
		t.Errorf("its texts are of\n%s", strings.Join(got, "\n"))
	}
	want := append(slices.Clone(pooled),
		"features 1 = features of encode/labelled/clip", "text_features 1 = text_features of encode/labelled/clip",
		"features 2 = features of encode/unlabelled/clip", "text_features 2 = text_features of encode/unlabelled/clip",
		"text_features of more texts = text_features of encode/texts/with_aux/clip")
	fit := node(t, p, "fit/with_aux")
	if got := inputs(fit); !slices.Equal(got, want) {
		t.Errorf("it is fitted on\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	work := fit.Work.(*FitWork)
	if sets := []FitSet{{"images 1", "labels 1", "features 1"}, {"images 2", "labels 2", "features 2"}}; !slices.Equal(work.Sets, sets) || work.Images != 10 {
		t.Errorf("%+v", work)
	}
}
