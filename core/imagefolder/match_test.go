package imagefolder

import (
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func TestMatch(t *testing.T) {
	images := func(captions ...string) []table.Image {
		var all []table.Image
		for _, caption := range captions {
			all = append(all, table.Image{Prompt: caption})
		}
		return all
	}
	got, err := Match(images("b", " a", "a", "b "), []string{"a", "b"}, 2)
	if err != nil || !slices.Equal(got, []int{1, 2, 0, 3}) {
		t.Errorf("%v, %v", got, err)
	}
	for want, test := range map[string]struct {
		images  []table.Image
		prompts []string
	}{
		`1 of the 2 prompts have no image: "b"`:                                                                  {images("a"), []string{"a", "b"}},
		`1 captions are none of the prompts: "c"`:                                                                {images("a", "c"), []string{"a"}},
		`1 prompts have not 1 images each, the first has 2: "a"`:                                                 {images("a", "a"), []string{"a"}},
		`4 of the 4 prompts have no image: "a", "b", "c", and 1 more; 1 captions are none of the prompts: "zoo"`: {images("zoo"), []string{"a", "b", "c", "d"}},
	} {
		if _, err := Match(test.images, test.prompts, 1); err == nil || err.Error() != want {
			t.Errorf("%v instead of %s", err, want)
		}
	}
}
