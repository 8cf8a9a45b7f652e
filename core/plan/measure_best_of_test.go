package plan

import (
	"fmt"
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Against the best few of many, another model shows as many of its own: the first.
func TestBestOfComparesAsManyImages(t *testing.T) {
	var labels []table.Label
	for _, prompt := range []string{"one", "two"} {
		for image := range 4 {
			for rater := range 3 {
				label := table.Label{ImageID: fmt.Sprintf("%s/%d", prompt, image), Prompt: prompt, Category: "color", Label: []string{"good", "bad", "skip"}[rater]}
				labels = append(labels, label)
			}
		}
	}
	want := slices.Concat(labels[0:6], labels[12:18])
	if got := firstImages(labels, 2); !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// Blocks that choose as many among the same images share them, chance's choice and
// the raters; another number of images is another draw.
func TestBlocksOfOneDrawShareIt(t *testing.T) {
	s := experiment(1)
	of := &s.Evaluate[0].BestOf
	control := *(*of)[0]
	control.Reward, control.Against = s.Rewards[0], nil
	fewer := control
	fewer.N, fewer.Keep = 8, 2
	*of = append(*of, &control, &fewer)
	p := build(t, Source{Spec: s})
	measure := node(t, p, "measure/main/best_of/base")
	want := []string{
		"random labels = labels of rate/main/best_of/base/random",
		"best labels with_aux = labels of rate/main/best_of/base/best/with_aux",
		"labels full = labels of rate/main/full",
		"best labels clip = labels of rate/main/best_of/base/best/clip",
	}
	if got := inputs(measure); !slices.Equal(got, want) {
		t.Errorf("inputs %q\nwant %q", got, want)
	}
	for _, reward := range []string{"with_aux", "clip"} {
		got := inputs(node(t, p, "choose/main/best_of/base/best/"+reward))
		want := []string{"images = images of sample/main/best_of/base", "scores = scores of score/main/best_of/base/" + reward}
		if !slices.Equal(got, want) {
			t.Errorf("%s chooses among %q", reward, got)
		}
	}
	seed := func(name string) uint64 { return node(t, p, name).Instance.Seed }
	learned, clip, random := seed("rate/main/best_of/base/best/with_aux"), seed("rate/main/best_of/base/best/clip"), seed("rate/main/best_of/base/random")
	if learned != clip || learned != random {
		t.Error("the raters judge the same image of a draw otherwise when another chose it")
	}
	if other := seed("rate/main/best_of/2/base/best/clip"); other == learned {
		t.Error("two draws share their raters' mistakes")
	}
	if got := inputs(node(t, p, "measure/main/best_of/2/base")); len(got) != 2 {
		t.Errorf("the second draw reads %q", got)
	}
}
