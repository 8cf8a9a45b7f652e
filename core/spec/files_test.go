package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBlock(t *testing.T) {
	source := "seed = 1\nlabels \"human\" {\n  images = images.labelled\n  nested {\n    a = 1\n  }\n}\n"
	for _, test := range []struct {
		file, text, at, want string
	}{
		{"x.hcl", source, "images.labelled", `labels "human"`},
		{"x.hcl", source, "a = 1", `labels "human"`},
		{"x.hcl", source, "seed", ""},
		{"x.hcl", source + "broken {", "images.labelled", `labels "human"`},
		{"x.hcl", "", "", ""},
		{"x.hcl.json", `{"seed": 1, "labels": {"human": {"images": "a"}}}`, "human", "labels"},
	} {
		path := filepath.Join(t.TempDir(), test.file)
		if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		files := NewFiles()
		files.Parse(path)
		text := files.Sources()[path]
		if string(text) != test.text {
			t.Errorf("the text of %s is %q", test.file, text)
		}
		if got := files.Block(path, text, strings.Index(test.text, test.at)); got != test.want {
			t.Errorf("%s, %q: in %q, want %q", test.file, test.at, got, test.want)
		}
		if got := files.Block(path+".csv", text, strings.Index(test.text, test.at)); got != "" {
			t.Errorf("a file that was not parsed: in %q", got)
		}
	}
}
