package python

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// hosted is a host of one plugin in Python. site is where plumb_plugin is installed.
func hosted(t testing.TB, python, site, file string, more ...string) *plugin.Host {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	// The host hands PYTHONPATH on to nobody: a script sets it.
	script := filepath.Join(t.TempDir(), "start")
	text := fmt.Sprintf("#!/bin/sh\nexport PYTHONPATH='%s' PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 %s\nexec '%s' '%s'\n", site, strings.Join(more, " "), python, path)
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	h := plugin.NewHost(plugin.Options{Plugins: []plugin.Entry{plugin.SourceEntry(strings.TrimSuffix(filepath.Base(file), ".py"), script)}, Logs: testLog{t}})
	t.Cleanup(h.Kill)
	return h
}

// testLog puts what a plugin prints into the test's log.
type testLog struct{ t testing.TB }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Logf("%s", line)
	return len(line), nil
}

func open(t testing.TB, h *plugin.Host, kind, component, config string) *client.Instance {
	t.Helper()
	in, err := h.Open(t.Context(), client.OpenRequest{Kind: kind, Component: component, OpenRequest: sdk.OpenRequest{Config: []byte(config)}})
	if err != nil {
		t.Fatalf("open %s %q: %v", kind, component, err)
	}
	return in
}

func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range list {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func plainPNG(t testing.TB, width, height int, red, green, blue byte) []byte {
	t.Helper()
	data, err := imaging.EncodePNG(imaging.Image{Width: width, Height: height, RGB: bytes.Repeat([]byte{red, green, blue}, width*height)})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func items(t testing.TB, images ...[]byte) []client.Item {
	t.Helper()
	out := make([]client.Item, len(images))
	for i, png := range images {
		out[i] = client.Item{ID: fmt.Sprintf("item-%d", i), PNG: png, Prompt: sdk.Prompt{Text: "a red ring", Category: "colour", Slots: map[string]string{"color": "red"}}}
	}
	return out
}

// TestThroughHost has each kind do its work for the host that experiments run in.
func TestThroughHost(t *testing.T) {
	python := interpreter(t)
	readable(t, "tests/plugins/kinds.py")
	h := hosted(t, python, installed(t, python), "tests/plugins/kinds.py")
	ctx := t.Context()

	if _, err := h.Catalog(ctx); err != nil { // every description holds
		t.Fatal(err)
	}

	t.Run("reward", func(t *testing.T) {
		in := open(t, h, "reward", "redness", `{"channel":"green","gain":2}`)
		got := map[int]float64{}
		err := in.Score(ctx, each(items(t, plainPNG(t, 3, 2, 0, 200, 0), plainPNG(t, 4, 4, 100, 100, 0), plainPNG(t, 1, 1, 9, 0, 0))), func(position int, score sdk.Score) error {
			got[position] = score.Score
			return nil
		})
		if want := map[int]float64{0: 2, 1: 1, 2: 0}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("scores %v, want %v: %v", got, want, err)
		}
		if err := in.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("parts", func(t *testing.T) {
		in, err := h.Open(ctx, client.OpenRequest{Kind: "reward", Component: "terms", Described: sdk.Description{Parts: []string{"red", "prompt_length", "of_colour"}}, OpenRequest: sdk.OpenRequest{Config: []byte("{}")}})
		if err != nil {
			t.Fatal(err)
		}
		err = in.Score(ctx, each(items(t, plainPNG(t, 2, 2, 7, 0, 0))), func(_ int, score sdk.Score) error {
			if want := (sdk.Score{Score: 17, Parts: map[string]float64{"red": 7, "prompt_length": 10, "of_colour": 1}}); !reflect.DeepEqual(score, want) {
				t.Errorf("gave %v, want %v", score, want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("rater", func(t *testing.T) {
		in, err := h.Open(ctx, client.OpenRequest{Kind: "rater", Component: "two", OpenRequest: sdk.OpenRequest{Config: []byte("{}"), Seed: 5}})
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]float64{"threshold": 105}; !reflect.DeepEqual(in.Facts(), want) {
			t.Errorf("facts are %v, want %v", in.Facts(), want)
		}
		got := map[int][]sdk.Label{}
		err = in.Rate(ctx, each(items(t, plainPNG(t, 2, 2, 106, 0, 0), plainPNG(t, 2, 2, 105, 250, 250))), func(position int, labels []sdk.Label) error {
			got[position] = labels
			return nil
		})
		if want := map[int][]sdk.Label{0: {"good", "skip"}, 1: {"bad", "good"}}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("labels %v, want %v: %v", got, want, err)
		}
		var chosen []sdk.Choice
		err = in.Compare(ctx, each([]client.Pair{{ID: "p", First: plainPNG(t, 2, 2, 1, 1, 1), Second: plainPNG(t, 3, 2, 2, 1, 1)}}), func(_ int, choices []sdk.Choice) error {
			chosen = choices
			return nil
		})
		if want := []sdk.Choice{"second", "tie"}; err != nil || !reflect.DeepEqual(chosen, want) {
			t.Errorf("choices %v, want %v: %v", chosen, want, err)
		}
	})
	t.Run("encoder", func(t *testing.T) {
		in := open(t, h, "encoder", "mean", "{}")
		err := in.EncodeImages(ctx, each(items(t, plainPNG(t, 2, 2, 1, 2, 3))), func(_ int, vector []float32) error {
			if want := []float32{1, 2, 3}; !reflect.DeepEqual(vector, want) {
				t.Errorf("vector %v, want %v", vector, want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		err = in.EncodeTexts(ctx, each([]string{"three"}), func(_ int, vector []float32) error {
			if want := []float32{5, 2, 1}; !reflect.DeepEqual(vector, want) {
				t.Errorf("vector %v, want %v", vector, want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("sampler", func(t *testing.T) {
		in := open(t, h, "sampler", "learning", `{"size":3,"weights":null}`)
		drawn := 0
		err := in.Sample(ctx, []client.Draw{{ID: "a", Seed: 7}, {ID: "b", Seed: 8, Prompt: sdk.Prompt{Text: "xy"}}, {ID: "c", Seed: 9}}, func(position int, img sdk.Image) error {
			drawn++
			if img.Width != 3 || img.Height != 3 || img.RGB[0] != byte(7+position) {
				t.Errorf("image %d is %v", position, img)
			}
			return nil
		})
		if err != nil || drawn != 3 {
			t.Errorf("drew %d images: %v", drawn, err)
		}
		findings, err := h.CheckPrompts(ctx, "sampler", "learning", "mine", sdk.CheckPromptsRequest{Config: []byte(`{"size":3}`), Prompts: []sdk.Prompt{{Text: "a ring"}, {Text: "a unicorn"}}})
		want := sdk.PromptFindings{Faults: []sdk.PromptFault{{Prompt: 1, Excerpt: "unicorn", Reason: `does not know the word "unicorn"`}}, Vocabulary: []string{"ring", "disc"}}
		if err != nil || !reflect.DeepEqual(findings, want) {
			t.Errorf("findings %v, want %v: %v", findings, want, err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		in := open(t, h, "reward", "redness", `{"channel":"red","gain":1}`)
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		err := in.Score(ctx, each(items(t, plainPNG(t, 1, 1, 1, 1, 1))), func(int, sdk.Score) error { return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled call ends with %v", err)
		}
	})
	if err := h.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}
