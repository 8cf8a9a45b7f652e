package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Base is what networks have in common.
type Base struct {
	Bias int `json:"bias"`
}

type network struct {
	Base
	Width  int     `json:"width"`
	Depth  []int   `json:"depth"`
	Slope  float64 `json:"slope"`
	Hidden int
}

var rules = Rules{
	ClassKey: "_class_name", Classes: []string{"Network", "OldNetwork"},
	Required: []string{"width"},
	PerBlock: []string{"width"}, Blocks: "depth",
	Only: map[string]any{"act_fn": "silu", "kernel": 3, "gated": false},
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	text := `{"_class_name": "OldNetwork", "_version": "1", "width": [7, 7], "depth": [1, 2],
		"act_fn": "silu", "kernel": 3.0, "bias": 2, "bound": -Infinity, "gated": null, "unheard_of": null}`
	if err := os.WriteFile(path, []byte("\xef\xbb\xbf"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path, func(text []byte) (*network, error) {
		got := network{Slope: 0.5}
		return &got, Decode(text, &got, rules)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Width != 7 || len(got.Depth) != 2 || got.Slope != 0.5 || got.Bias != 2 {
		t.Errorf("read %+v", got)
	}
	for path, want := range map[string]string{
		filepath.Join(filepath.Dir(path), "other.json"): "No other.json in " + filepath.Dir(path),
		filepath.Join(path+"-gone", "config.json"):      "There is no directory " + path + "-gone",
		path: path + " is an unsupported or damaged model configuration",
	} {
		if _, err := Read(path, func([]byte) (int, error) { return 0, errors.New("wrong") }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

// TestPart: keys of a part of a file are named with their place, and those that
// nobody knows may be passed over.
func TestPart(t *testing.T) {
	part := rules
	part.Within, part.Others = "part.", true
	var got network
	err := Decode([]byte(`{"_class_name": "Network", "act_fn": "gelu", "unheard_of": 1}`), &got, part)
	for _, want := range []string{`"part.act_fn" is "gelu"`, `"part.width" is missing`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "unheard_of") {
		t.Errorf("error %v", err)
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
		{`{"_class_name": "Network", "width": "wide"}`, []string{`"width" is "wide": it must be a whole number`}},
		{"{\n\"width\": 1,\n}", []string{"not JSON", "line 3"}},
		{`[1]`, []string{"a JSON array"}},
		{`{"_class_name": "Network", "width": [1, 2]}`, []string{`"width" is [1, 2]: the same for every block is supported`}},
		{`{"_class_name": "Network", "width": [1, 1, 1], "depth": [1, 2]}`, []string{`"width" is [1, 1, 1], and there are 2 depth`}},
		{`{"_class_name": "Network", "width": 1, "depth": ["a"]}`, []string{`"depth" is ["a"]: it must be a list of whole numbers`}},
		{`{"_class_name": "Network", "width": 1, "slope": null}`, []string{`"slope" is null`}},
		{`{"_class_name": "Network", "width": 1, "act_fn": null}`, []string{`"act_fn" is null, which is not supported`}},
		{`{"_class_name": "Network", "width": 1, "betas": [0.1` + strings.Repeat(", 0.1", 999) + `]}`, []string{`"betas" is a list of 1000 numbers: this key`}},
		{`{"_class_name": "Network", "width": 1, "about": {"a": "` + strings.Repeat("x", 999) + `"}}`, []string{"xxx…: this key"}},
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
