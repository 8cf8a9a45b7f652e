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
