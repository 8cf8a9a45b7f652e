package textfile

import (
	"slices"
	"strings"
	"testing"
)

func TestAlike(t *testing.T) {
	have := []string{"train/1.png", "cafe\u0301.png", "caf\u00e9/2.png"}
	exists := func(name string) bool { return slices.Contains(have, name) }
	for name, want := range map[string]string{
		`train\1.png`:       "train/1.png",
		"caf\u00e9.png":     "cafe\u0301.png",
		"cafe\u0301/2.png":  "caf\u00e9/2.png",
		"train/2.png":       "",
		"caf\u00e8.png":     "",
		`caf` + "\u00e9\\3": "",
	} {
		how, other := Alike(name, exists, slices.Values(have))
		if other != want || (how == "") != (want == "") {
			t.Errorf("%q: %q, %s; want %q", name, other, how, want)
		}
	}
	if how, _ := Alike("caf\u00e9.png", exists, slices.Values(have)); !strings.Contains(how, "decomposed, NFD; the one here is composed, NFC") {
		t.Error(how)
	}
}
