package modelconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type network struct {
	Width  int     `json:"width"`
	Depth  []int   `json:"depth"`
	Slope  float64 `json:"slope"`
	Hidden int
}

var rules = Rules{
	ClassKey: "_class_name", Classes: []string{"Network", "OldNetwork"},
	Required: []string{"width"},
	Only:     map[string]any{"act_fn": "silu", "kernel": 3, "gated": false},
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	text := `{"_class_name": "OldNetwork", "_version": "1", "width": 7, "depth": [1, 2], "slope": null,
		"act_fn": "silu", "kernel": 3.0, "gated": null, "unheard_of": null}`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got := network{Slope: 0.5}
	if err := Read(path, &got, rules); err != nil {
		t.Fatal(err)
	}
	if got.Width != 7 || len(got.Depth) != 2 || got.Slope != 0.5 {
		t.Errorf("read %+v", got)
	}
	if err := Read(path+"x", &got, rules); err == nil || !strings.Contains(err.Error(), path+"x") {
		t.Errorf("error %v does not name the file", err)
	}
}

func TestRefuses(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{`{"width": 1`, []string{"JSON"}},
		{`{"width": 1}`, []string{`"_class_name" is missing`, "Network, OldNetwork"}},
		{`{"_class_name": "NetworkXL", "width": 1, "unheard_of": 1}`, []string{"another model", `"NetworkXL"`, "Network, OldNetwork"}},
		{`{"_class_name": "Network"}`, []string{`"width" is missing`}},
		{`{"_class_name": "Network", "width": "wide"}`, []string{`"width" is "wide"`, "int"}},
		// All mistakes at once.
		{`{"_class_name": "Network", "act_fn": "gelu", "kernel": 5, "gated": true, "unheard_of": {"a": 1}, "Hidden": 3}`, []string{
			`"width" is missing`, `"act_fn" is "gelu": only "silu" is supported`, `"kernel" is 5: only 3`, `"gated" is true: only false`,
			`"unheard_of" is {"a": 1}: this key is not supported`, `"Hidden" is 3: this key`}},
	} {
		var got network
		err := Decode([]byte(test.text), &got, rules)
		if err == nil {
			t.Errorf("%s is read as %+v", test.text, got)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", test.text, err, want)
			}
		}
	}
}

// FuzzDecode: a configuration comes from outside; whatever it is, it is read or
// refused.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"", "null", "[]", `{"_class_name": 1}`, `{"_class_name": "Network", "width": null, "depth": {}, "kernel": 1e999}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got network
		if err := Decode(text, &got, rules); err == nil && got.Width == 0 && !strings.Contains(string(text), "width") {
			t.Errorf("%s is read without a width", text)
		}
	})
}
