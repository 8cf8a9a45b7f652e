package spec

import (
	"strings"
	"testing"
)

func TestBlocks(t *testing.T) {
	source := "seed = 1\nlabels \"human\" {\n  images = images.labelled\n  nested {\n    a = 1\n  }\n}\n"
	var blocks Blocks
	for _, test := range []struct {
		file, text, at, want string
	}{
		{"x.hcl", source, "images.labelled", `labels "human"`},
		{"x.hcl", source, "a = 1", `labels "human"`},
		{"x.hcl", source, "seed", ""},
		{"x.hcl", source + "broken {", "images.labelled", `labels "human"`},
		{"x.csv", source, "images.labelled", ""},
		{"x.hcl", "", "", ""},
		{"x.hcl.json", `{"seed": 1, "labels": {"human": {"images": "a"}}}`, "human", "labels"},
	} {
		got := blocks.At(test.file, []byte(test.text), strings.Index(test.text, test.at))
		if got != test.want {
			t.Errorf("%s, %q: in %q, want %q", test.file, test.at, got, test.want)
		}
	}
}
