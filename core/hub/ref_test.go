package hub

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for value, want := range map[string]Ref{
		"hf://openai/clip-vit-large-patch14":           {"openai", "clip-vit-large-patch14", "main", ""},
		"hf://a/b@v1.0":                                {"a", "b", "v1.0", ""},
		"hf://a/b@refs/pr/1":                           {"a", "b", "refs/pr/1", ""},
		"hf://a/b@refs%2Fpr%2F1?variant=fp16":          {"a", "b", "refs/pr/1", "fp16"},
		"hf://a/b?variant=non_ema":                     {"a", "b", "main", "non_ema"},
		"hf://stable-diffusion-v1-5/x_y.z@" + sha("a"): {"stable-diffusion-v1-5", "x_y.z", sha("a"), ""},
	} {
		got, err := Parse(value)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", value, got, err, want)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("%s: its own spelling %s means %+v, %v", value, got, again, err)
		}
		if got.Pinned() != (len(want.Revision) == 40) {
			t.Errorf("%s: pinned is %v", value, got.Pinned())
		}
	}
	for value, want := range map[string]string{
		"openai/clip":             "does not begin",
		"hf://gpt2":               "write hf://OWNER/gpt2",
		"hf://":                   "OWNER",
		"hf://datasets/a/b":       "only models",
		"hf://a/b/unet":           "write hf://a/b",
		"hf://a/../b":             "whole repository",
		"hf://../b":               "not a name",
		"hf://a/b--c":             "not a name",
		"hf://a/b c":              "not a name",
		"hf://a/b@":               "not a revision",
		"hf://a/b@../../x":        "not a revision",
		"hf://a/b@..%2F..%2Fx":    "not a revision",
		"hf://a/b@x//y":           "not a revision",
		"hf://a/b?revision=v1":    "?variant=fp16",
		"hf://a/b?variant=":       "?variant=fp16",
		"hf://a/b?variant=../../": "?variant=fp16",
	} {
		if got, err := Parse(value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v; want an error with %q", value, got, err, want)
		}
	}
}

func sha(digit string) string { return strings.Repeat(digit, 40) }
