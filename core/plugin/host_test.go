//go:build unix

package plugin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// self is the test binary as a plugin.
func self(t testing.TB, as string) Entry {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Entry{Plugin: spec.Plugin{Name: strings.TrimPrefix(as, "serve-"), Command: []string{path, as}}, Allowed: true}
}

// named is a plugin of a path, which may run.
func named(name, source string) Entry {
	return Entry{Plugin: spec.Plugin{Name: name, Source: source, Directory: filepath.Dir(source)}, Allowed: true}
}

// script writes a plugin that is a shell script, in a directory of its own.
func script(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func tinyHost(t testing.TB, change ...func(*Options)) *Host {
	t.Helper()
	o := Options{Builtin: self(t, asTiny)}
	for _, c := range change {
		c(&o)
	}
	h := NewHost(o)
	t.Cleanup(h.Kill)
	return h
}

func open(t testing.TB, h *Host, kind, component string) *client.Instance {
	t.Helper()
	in, err := h.Open(t.Context(), client.OpenRequest{Kind: kind, Component: component, OpenRequest: sdk.OpenRequest{Config: json.RawMessage(`{"offset":0}`)}})
	if err != nil {
		t.Fatalf("open %s %q: %v", kind, component, err)
	}
	return in
}

// pngs are items whose first byte is their number, from 1.
func pngs(t testing.TB, n int) []client.Item {
	t.Helper()
	var out []client.Item
	for i := range n {
		data, err := imaging.EncodePNG(sdk.Image{Width: 1, Height: 1, RGB: []byte{byte(i + 1), 0, 0}})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, client.Item{ID: "item-" + strconv.Itoa(i), Prompt: sdk.Prompt{Text: "a prompt"}, PNG: data})
	}
	return out
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

// scores runs Score and returns the scores by position.
func scores(ctx context.Context, in *client.Instance, items []client.Item) ([]float64, error) {
	out := make([]float64, len(items))
	err := in.Score(ctx, each(items), func(position int, score sdk.Score) error {
		out[position] = score.Score
		return nil
	})
	return out, err
}

// says fails the test unless err is diagnostics that say all the words.
func says(t *testing.T, err error, words ...string) {
	t.Helper()
	var list diag.List
	if !errors.As(err, &list) {
		t.Fatalf("error is %v (%T), want diagnostics", err, err)
	}
	for _, word := range words {
		if !strings.Contains(list.Error(), word) {
			t.Errorf("diagnostics do not say %q:\n%v", word, list)
		}
	}
}

func TestEveryCall(t *testing.T) {
	h := tinyHost(t)
	ctx := t.Context()
	items := pngs(t, 70)

	t.Run("sample", func(t *testing.T) {
		draws := make([]client.Draw, 11)
		for i := range draws {
			draws[i] = client.Draw{Prompt: sdk.Prompt{Text: "p"}, Seed: uint64(i)}
		}
		in := open(t, h, "sampler", "tiny")
		got := map[int]sdk.Image{}
		err := in.Sample(ctx, draws, func(position int, image sdk.Image) error {
			got[position] = image
			return nil
		})
		if err != nil || len(got) != len(draws) {
			t.Fatalf("drew %d images: %v", len(got), err)
		}
		err = in.Sample(ctx, draws[7:8], func(_ int, image sdk.Image) error {
			if !bytes.Equal(image.RGB, got[7].RGB) {
				t.Errorf("the same draw alone gives %v, in a batch %v", image.RGB, got[7].RGB)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("score", func(t *testing.T) {
		in, err := h.Open(ctx, client.OpenRequest{Kind: "reward", Component: "tiny", OpenRequest: sdk.OpenRequest{Config: json.RawMessage(`{"offset":1000}`)}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := scores(ctx, in, items)
		if err != nil {
			t.Fatal(err)
		}
		for i, score := range got {
			if score != float64(1001+i) {
				t.Errorf("score %d is %v", i, score)
			}
		}
		if none, err := scores(ctx, in, nil); err != nil || len(none) != 0 {
			t.Errorf("no items: %v, %v", none, err)
		}
	})
	t.Run("score of features", func(t *testing.T) {
		in := open(t, h, "reward", "product")
		item := client.Item{ID: "a", ImageVector: []float32{2, 3}, TextVector: []float32{5, 7}}
		if got, err := scores(ctx, in, []client.Item{item}); err != nil || got[0] != 31 {
			t.Errorf("got %v, %v", got, err)
		}
		item.TextVector = nil
		_, err := scores(ctx, in, []client.Item{item})
		says(t, err, `item "a" has no vector of its prompt, which reward "product" reads`)
	})
	t.Run("rate", func(t *testing.T) {
		n := 0
		err := open(t, h, "rater", "tiny").Rate(ctx, each(items), func(_ int, labels []sdk.Label) error {
			n++
			if !slices.Equal(labels, []sdk.Label{sdk.LabelBad, sdk.LabelSkip}) {
				t.Errorf("labels %v", labels)
			}
			return nil
		})
		if err != nil || n != len(items) {
			t.Errorf("%d of %d labelled: %v", n, len(items), err)
		}
	})
	t.Run("compare", func(t *testing.T) {
		pairs := []client.Pair{{ID: "a", First: items[0].PNG, Second: items[1].PNG}, {ID: "b", First: items[1].PNG, Second: items[0].PNG}}
		got := map[int]sdk.Choice{}
		err := open(t, h, "rater", "tiny").Compare(ctx, each(pairs), func(position int, p []sdk.Choice) error {
			got[position] = p[0]
			return nil
		})
		if err != nil || got[0] != sdk.ChooseSecond || got[1] != sdk.ChooseFirst {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("encode", func(t *testing.T) {
		in := open(t, h, "encoder", "tiny")
		err := in.EncodeImages(ctx, each(items), func(position int, vector []float32) error {
			if !slices.Equal(vector, []float32{float32(position + 1), 0.5}) {
				t.Errorf("vector %d is %v", position, vector)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		texts := []string{"a", "four"}
		err = in.EncodeTexts(ctx, each(texts), func(position int, vector []float32) error {
			if !slices.Equal(vector, []float32{float32(len(texts[position])), 0.5}) {
				t.Errorf("vector of text %d is %v", position, vector)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("fit", func(t *testing.T) {
		in := open(t, h, "reward", "tiny")
		var last sdk.Progress
		var warned string
		hearing := sdk.WithWarnings(ctx, func(text string) { warned = text })
		err := in.Fit(hearing, sdk.FitRequest{Sets: []sdk.FitSet{{Images: "i", Labels: "l", ImageFeatures: "f"}}, TextFeatures: []string{"t", "u"}}, func(p sdk.Progress) error {
			last = p
			return nil
		})
		if err != nil || last.Steps != 1 || warned != "[{i l f}] [t u]" {
			t.Errorf("progress %+v, warned %q, %v", last, warned, err)
		}
		says(t, in.Fit(ctx, sdk.FitRequest{}, nil), "there are no labels", "Give the reward labels")
		texts, err := open(t, h, "reward", "product").FitTexts(ctx, sdk.FitRequest{Sets: []sdk.FitSet{{Images: "i"}}})
		if err != nil || len(texts) != 1000 || texts[999] != "i 999" {
			t.Errorf("%d texts, %v", len(texts), err)
		}
	})
	t.Run("tune", func(t *testing.T) {
		output := t.TempDir()
		var curve []float64
		err := open(t, h, "sampler", "tiny").Tune(ctx, sdk.TuneRequest{
			Losses:    []sdk.TuneLoss{{Name: "pretraining", Weight: 6, Options: json.RawMessage(`{"offset":1}`), Sets: []sdk.TuneSet{{Images: "i", Precomputed: "p"}, {Images: "j", Precomputed: "q", Scores: "s", Labels: "l", Comparisons: "c"}}}},
			Reference: &sdk.TuneReference{Checkpoint: "r"},
			Steps:     3, BatchSize: 5, Optimizer: json.RawMessage(`{"beta1":0.5}`),
			Options: json.RawMessage(`{"rank":4}`),
			Output:  output,
		}, func(p sdk.Progress) error {
			curve = append(curve, p.Values["loss"])
			return nil
		})
		if err != nil || !slices.Equal(curve, []float64{6, 3, 2}) {
			t.Errorf("curve %v, %v", curve, err)
		}
		if written, err := os.ReadFile(filepath.Join(output, "config.json")); err != nil || string(written) != `{"offset":1}{"rank":4}` {
			t.Errorf("checkpoint holds %q, %v", written, err)
		}
		if written, err := os.ReadFile(filepath.Join(output, "precomputed")); err != nil || string(written) != "[{Images:i Precomputed:p Scores: Labels: Comparisons:} {Images:j Precomputed:q Scores:s Labels:l Comparisons:c}] r 5 {\"beta1\":0.5}" {
			t.Errorf("it was tuned on %q, %v", written, err)
		}
	})
	t.Run("precompute", func(t *testing.T) {
		output := t.TempDir()
		var last sdk.Progress
		in := open(t, h, "sampler", "tiny")
		err := in.Precompute(ctx, sdk.PrecomputeRequest{Images: "i", Seed: 7, Output: output, Scratch: "s"}, func(p sdk.Progress) error {
			last = p
			return nil
		})
		if err != nil || last.Step != 1 || last.Steps != 1 {
			t.Errorf("progress %+v, %v", last, err)
		}
		if written, err := os.ReadFile(filepath.Join(output, "precomputed")); err != nil || string(written) != "i 7 s" {
			t.Errorf("precomputed is %q, %v", written, err)
		}
		says(t, in.Precompute(ctx, sdk.PrecomputeRequest{Output: filepath.Join(output, "nowhere")}, func(sdk.Progress) error { return nil }), "nowhere")
	})
	t.Run("what it cannot do", func(t *testing.T) {
		says(t, open(t, h, "reward", "pid").Fit(ctx, sdk.FitRequest{}, nil), `reward "pid" cannot`)
		says(t, open(t, h, "reward", "pid").Precompute(ctx, sdk.PrecomputeRequest{}, nil), `reward "pid" cannot precompute images`)
	})
	t.Run("closed", func(t *testing.T) {
		in := open(t, h, "reward", "tiny")
		if err := in.Close(ctx); err != nil {
			t.Fatal(err)
		}
		_, err := scores(ctx, in, items)
		says(t, err, "is not open")
	})
}

func TestAnswersThatBreakTheContract(t *testing.T) {
	h := tinyHost(t)
	ctx := t.Context()
	items := pngs(t, 3)
	_, err := scores(ctx, open(t, h, "reward", "nan"), items)
	says(t, err, `Reward "nan" gives image "item-0" (prompt "a prompt") the score NaN`, "diverged")
	var broken *client.NotFinite
	if !errors.As(err, &broken) || broken.ID != "item-0" {
		t.Errorf("the diagnostics of %v do not hold their cause", err)
	}
	_, err = scores(ctx, open(t, h, "reward", "inf"), items)
	says(t, err, "the score -Inf")
	draws := []client.Draw{{ID: "draw-0"}, {ID: "draw-1"}, {ID: "draw-2"}}
	none := func(int, sdk.Image) error { return nil }
	says(t, open(t, h, "sampler", "doubling").Sample(ctx, draws, none), `answers twice for image "draw-0"`, "report it to Plumb's authors")
	says(t, open(t, h, "sampler", "lazy").Sample(ctx, draws, none), "leaves 2 of 3 unanswered")
}

// TestAThirdPartyIsNamed: what a third party's component says or does wrong
// names its plugin, and the component as the experiment calls it.
func TestAThirdPartyIsNamed(t *testing.T) {
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{self(t, asTiny)} })
	opened := func(kind, component string) *client.Instance {
		in, err := h.Open(t.Context(), client.OpenRequest{Kind: kind, Component: component, Name: "mine"})
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	_, err := scores(t.Context(), opened("reward", "panics"), pngs(t, 1))
	says(t, err, "panicked", `Said by reward "mine" of plugin "tiny".`)
	err = opened("sampler", "doubling").Sample(t.Context(), make([]client.Draw, 3), func(int, sdk.Image) error { return nil })
	says(t, err, `Sampler "mine" of plugin "tiny" answers twice`, "tell the plugin's author")
}

// A plugin without the SDK describes itself unchecked: it is the host that finds
// the mistake, and says whose it is.
func TestAThirdPartysDescriptionIsNamed(t *testing.T) {
	h := tinyHost(t, func(o *Options) { o.Plugins = []Entry{self(t, asForeign)} })
	c, err := h.Catalog(t.Context())
	says(t, err, `"foreign" describes its component 1 in a way that is not understood`, `unknown field "taste"`, `Said by plugin "foreign".`)
	if _, ok := c.Component("reward", "tiny"); !ok {
		t.Error("the good plugin is not in the catalog")
	}
}

func TestPanicIsADiagnosticAndTheProcessSurvives(t *testing.T) {
	h := tinyHost(t)
	pid := open(t, h, "reward", "pid")
	before, err := scores(t.Context(), pid, pngs(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = scores(t.Context(), open(t, h, "reward", "panics"), pngs(t, 1))
	says(t, err, "panicked", "index out of range", "tiny_test.go")
	after, err := scores(t.Context(), pid, pngs(t, 1))
	if err != nil || after[0] != before[0] {
		t.Errorf("process %v became %v: %v", before, after, err)
	}
}

func TestCrash(t *testing.T) {
	h := tinyHost(t)
	for component, words := range map[string][]string{
		"exits":  {`Reward "exits" crashed`, "exited with status 3", "the last words of exits"},
		"killed": {"signal 9", "out of memory?", "Smaller batches"},
	} {
		in := open(t, h, "reward", component)
		_, err := scores(t.Context(), in, pngs(t, 100))
		says(t, err, words...)

		// The instance is dead, and says so; the next one lives.
		_, err = scores(t.Context(), in, pngs(t, 1))
		says(t, err, "crashed")
		if err := in.Close(t.Context()); err != nil {
			t.Errorf("close after a crash: %v", err)
		}
		if _, err := scores(t.Context(), open(t, h, "reward", "tiny"), pngs(t, 1)); err != nil {
			t.Errorf("after a crash: %v", err)
		}
	}
}

func TestStuckProcessIsNoticed(t *testing.T) {
	t.Parallel()
	h := tinyHost(t, func(o *Options) { o.HeartbeatTimeout = 3 * time.Second })
	_, err := scores(t.Context(), open(t, h, "reward", "freezes"), pngs(t, 1))
	says(t, err, "stopped answering", "no sign of life for 3s")
	if _, err := scores(t.Context(), open(t, h, "reward", "tiny"), pngs(t, 1)); err != nil {
		t.Errorf("after a stuck process: %v", err)
	}
}

func TestHeartbeatKeepsSlowWorkAlive(t *testing.T) {
	t.Parallel()
	h := tinyHost(t, func(o *Options) { o.HeartbeatTimeout = 5 * time.Second })
	if got, err := scores(t.Context(), open(t, h, "reward", "slow"), pngs(t, 1)); err != nil || got[0] != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestCancelledCallLeavesTheInstanceUsable(t *testing.T) {
	h := tinyHost(t)
	in := open(t, h, "reward", "patient")
	ctx, cancel := context.WithCancel(t.Context())
	var took time.Time
	endless := func(yield func(client.Item, error) bool) {
		for item := pngs(t, 1)[0]; ctx.Err() == nil; {
			if !yield(item, nil) {
				return
			}
		}
	}
	err := in.Score(ctx, endless, func(int, sdk.Score) error {
		if took.IsZero() {
			took = time.Now()
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if _, err := scores(t.Context(), in, pngs(t, 1)); err != nil {
		t.Error(err)
	}
	if waited := time.Since(took); waited > 10*time.Second {
		t.Errorf("the instance was busy for %v", waited)
	}

	// A deadline is an end like any other.
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := scores(ctx, in, pngs(t, 100)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

func TestErrorsOfTheCallerPass(t *testing.T) {
	h := tinyHost(t)
	in := open(t, h, "reward", "tiny")
	mine := errors.New("disk full")
	if err := in.Score(t.Context(), each(pngs(t, 5)), func(int, sdk.Score) error { return mine }); err != mine {
		t.Errorf("error of emit became %v", err)
	}
	broken := func(yield func(client.Item, error) bool) {
		if yield(pngs(t, 1)[0], nil) {
			yield(client.Item{}, mine)
		}
	}
	if err := in.Score(t.Context(), broken, func(int, sdk.Score) error { return nil }); err != mine {
		t.Errorf("error of the items became %v", err)
	}
	_, err := scores(t.Context(), in, []client.Item{{ID: "bad", PNG: []byte("no PNG")}})
	says(t, err, `item "bad"`, "PNG")
}

func TestCallsOfOneInstanceDoNotOverlap(t *testing.T) {
	in := open(t, tinyHost(t), "reward", "patient")
	var all sync.WaitGroup
	start := time.Now()
	for range 3 {
		all.Go(func() {
			if _, err := scores(t.Context(), in, pngs(t, 2)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if took := time.Since(start); took < 300*time.Millisecond {
		t.Errorf("six images of 50 ms took %v", took)
	}
}

func TestCatalog(t *testing.T) {
	h := tinyHost(t)
	c, err := h.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Names("encoder"); !slices.Equal(got, []string{"tiny"}) {
		t.Errorf("encoders are %q", got)
	}
	sampler, ok := c.Component("sampler", "tiny")
	if !ok || !sampler.Has(schema.Tune) || sampler.Has(schema.Fit) || len(sampler.Losses) != 1 {
		t.Errorf("sampler is %+v", sampler)
	}
	if loss := sampler.Losses[0]; loss.Name != "pretraining" || !loss.Has(schema.NeedOwnImages) || loss.Has(schema.NeedScores) || len(loss.Schema.Attributes) != 1 {
		t.Errorf("loss is %+v", loss)
	}
	reward, ok := c.Component("reward", "tiny")
	if !ok || !reward.Has(schema.Fit) || reward.Has(schema.Tune) {
		t.Errorf("reward is %+v", reward)
	}
	offset := reward.Schema.Attributes[0]
	if offset.Name != "offset" || offset.Type != "number" || string(offset.Default) != "0" || *offset.Minimum != 0 || offset.Maximum != nil {
		t.Errorf("attribute is %+v", offset)
	}
	if block := reward.Schema.Blocks[0]; block.Type != "auxiliary" || len(block.Labels) != 2 || !block.Body.Attributes[0].Required {
		t.Errorf("block is %+v", block)
	}
	encoder, _ := c.Component("encoder", "tiny")
	if weights := encoder.Schema.Attributes[0]; !weights.Path || weights.Obtain != "From the hub." || !slices.Equal(weights.Hub, []string{"config.json", "?merges.txt"}) {
		t.Errorf("attribute is %+v", weights)
	}
	if product, _ := c.Component("reward", "product"); !slices.Equal(product.Reads, []schema.Reading{schema.ReadImageFeatures, schema.ReadTextFeatures}) {
		t.Errorf("it reads %q", product.Reads)
	}
	if _, ok := c.Component("reward", "none"); ok {
		t.Error("a component that is not there was found")
	}
}

func TestCatalogNamesEveryBadPlugin(t *testing.T) {
	missing := named("missing", filepath.Join(t.TempDir(), "nothing"))
	again := self(t, asTiny)
	again.Name = "again"
	h := tinyHost(t, func(o *Options) { o.Plugins = []Entry{missing, self(t, asMistaken), again} })
	c, err := h.Catalog(t.Context())
	says(t, err, `Plugin "missing" is not there`, `oracle "delphi"`, `"mistaken"`, `The plugin of the block "again" calls itself "tiny"`, `plugin "tiny" { ... }`)
	if _, ok := c.Component("reward", "tiny"); !ok {
		t.Error("the good plugin is not in the catalog")
	}
}

func TestIdentity(t *testing.T) {
	entry := self(t, asTiny)
	entry.Device, entry.DType = "cuda:1", "bfloat16"
	c, err := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{entry} }).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	theirs, ok := c.Component("sampler", "tiny")
	if !ok || theirs.Plugin != "tiny" || len(theirs.SHA256) != 64 || theirs.Device != "cuda:1" || theirs.DType != "bfloat16" || theirs.Qualified() != "tiny/tiny" || theirs.Builtin() || theirs.CodeVersion != "1" || !theirs.NeedsDevice || theirs.PreferredBatch != 4 {
		t.Errorf("a third party's is %+v", theirs)
	}
	c, err = tinyHost(t).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if own, ok := c.Component("reward", "tiny"); !ok || !own.Builtin() || own.CodeVersion != "2" {
		t.Errorf("built-in is %+v", own)
	}
}

// What the built-in binary serves is known to whoever was built with it: the
// catalog needs no process, not even a binary.
func TestBuiltinIsNotAsked(t *testing.T) {
	known := []sdk.Description{{Kind: sdk.KindReward, Name: "redness", CodeVersion: "5"}}
	h := NewHost(Options{Builtin: BuiltinEntry(filepath.Join(t.TempDir(), "nothing")), Components: known})
	t.Cleanup(h.Kill)
	c, err := h.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Component("reward", "redness"); !ok || got.Plugin != "builtin" || !got.Builtin() || got.CodeVersion != "5" {
		t.Errorf("built-in is %+v", got)
	}
	_, err = h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "redness"})
	says(t, err, `"builtin" is not there`)
	_, err = h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "redder"})
	says(t, err, `o plugin provides reward "redder"`, `"redness"`)

	mistaken := NewHost(Options{Builtin: BuiltinEntry("nothing"), Components: append(known, known...)})
	_, err = mistaken.Catalog(t.Context())
	says(t, err, `reward "redness" is listed twice`)
}

func TestOpenMistakes(t *testing.T) {
	h := tinyHost(t)
	for name, test := range map[string]struct {
		request client.OpenRequest
		words   []string
	}{
		"unknown":       {client.OpenRequest{Kind: "reward", Component: "clip"}, []string{`No plugin provides reward "clip"`}},
		"configuration": {client.OpenRequest{Kind: "reward", Component: "tiny", OpenRequest: sdk.OpenRequest{Config: json.RawMessage(`{"offset":"x"}`)}}, []string{"read configuration"}},
		"two at once":   {client.OpenRequest{Kind: "reward", Component: "unopenable"}, []string{"weights are missing", "Fetch them.", "vocabulary is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Open(t.Context(), test.request)
			says(t, err, test.words...)
		})
	}
}

func TestBinariesThatAreNoPlugin(t *testing.T) {
	directory := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, test := range map[string]struct {
		entry Entry
		words []string
	}{
		"missing":        {named("p", filepath.Join(directory, "none")), []string{`Plugin "p" is not there`}},
		"directory":      {named("p", directory), []string{"is a directory"}},
		"not executable": {named("p", write("plain", "#!/bin/sh\n", 0o644)), []string{"is not executable", "chmod +x"}},
		"no program":     {named("p", write("noise", "\x01\x02 no program", 0o755)), []string{`Plugin "p" is no program`, "#!/usr/bin/env python3"}},
		"talks nonsense": {named("p", write("echo", "#!/bin/sh\necho hello\n", 0o755)), []string{`Plugin "p" is not a plugin of Plumb`, "hello", "without an error"}},
		"dies at once":   {self(t, asShortLife), []string{`Plugin "shortlife" ended before it introduced itself`, "exited with status 7", "libcudart"}},
		"later protocol": {self(t, asFuture), []string{`Plugin "future" speaks version 99`, "this Plumb speaks version 1", "Update Plumb"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{test.entry} })
			_, err := h.Catalog(t.Context())
			says(t, err, test.words...)
		})
	}
}

func TestBinaryThatChangesUnderARunningHost(t *testing.T) {
	entry := self(t, asTiny)
	path := script(t, "")
	write := func(comment string) {
		text := fmt.Sprintf("#!/bin/sh\n# %s\nexec %s %s\n", comment, entry.Command[0], asTiny)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{named("tiny", path)} })
	_, err := scores(t.Context(), open(t, h, "reward", "exits"), pngs(t, 1))
	says(t, err, "crashed")
	write("second")
	_, err = h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "tiny"})
	says(t, err, `Plugin "tiny" changed while Plumb was running`, "plugin has changed")
}

func TestLogs(t *testing.T) {
	var log bytes.Buffer
	h := tinyHost(t, func(o *Options) { o.Logs = &log })
	if _, err := scores(t.Context(), open(t, h, "reward", "chatty"), pngs(t, 1)); err != nil {
		t.Fatal(err)
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"[tiny] on standard output\n", "[tiny] line 0 x", "[tiny] line 1999 x", "[tiny] longlong"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

// Libraries print as they are imported: the handshake is found among it.
func TestPrintsBeforeTheHandshake(t *testing.T) {
	entry := self(t, asTiny)
	path := script(t, fmt.Sprintf("echo Loading weights.\necho 'a|b|unix|c'\nhead -c 100000 /dev/zero | tr '\\0' x\necho\nexec %s %s\n", entry.Command[0], asTiny))
	var log bytes.Buffer
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins, o.Logs = Entry{}, []Entry{named("tiny", path)}, &log })
	if _, err := scores(t.Context(), open(t, h, "reward", "tiny"), pngs(t, 1)); err != nil {
		t.Fatal(err)
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"[tiny] Loading weights.\n", "[tiny] a|b|unix|c\n", "[tiny] xxxx"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

func TestStop(t *testing.T) {
	h := tinyHost(t)
	in := open(t, h, "reward", "pid")
	pid, err := scores(t.Context(), in, pngs(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	busy := open(t, h, "reward", "slow")
	interrupted := make(chan error)
	go func() {
		_, err := scores(t.Context(), busy, pngs(t, 100))
		interrupted <- err
	}()
	time.Sleep(200 * time.Millisecond)
	start := time.Now()
	if err := h.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("Stop took %v", took)
	}
	if err := <-interrupted; !errors.Is(err, ErrStopped) {
		t.Errorf("the call that ran: %v", err)
	}
	if alive(int(pid[0])) {
		t.Error("the process lives on")
	}
	if _, err := h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "tiny"}); !errors.Is(err, ErrStopped) {
		t.Errorf("Open after Stop: %v", err)
	}
	if _, err := scores(t.Context(), in, pngs(t, 1)); !errors.Is(err, ErrStopped) {
		t.Errorf("Score after Stop: %v", err)
	}
}

func TestKillWhileACallRuns(t *testing.T) {
	h := tinyHost(t)
	in := open(t, h, "reward", "slow")
	interrupted := make(chan error)
	go func() {
		_, err := scores(t.Context(), in, pngs(t, 100))
		interrupted <- err
	}()
	time.Sleep(200 * time.Millisecond)
	start := time.Now()
	h.Kill()
	if err := <-interrupted; !errors.Is(err, ErrStopped) {
		t.Errorf("error is %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("Kill took %v", took)
	}
}

func TestStartIsCancelled(t *testing.T) {
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{named("sleeper", script(t, "sleep 100\n"))} })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := h.Catalog(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("a cancelled start took %v", took)
	}
}

// beHost is the host of TestNoOrphans.
func beHost() {
	path, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	h := NewHost(Options{Builtin: BuiltinEntry(path, asTiny)})
	in, err := h.Open(context.Background(), client.OpenRequest{Kind: "reward", Component: "pid"})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	one, err := imaging.EncodePNG(sdk.Image{Width: 1, Height: 1, RGB: make([]byte, 3)})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	in.Score(context.Background(), each([]client.Item{{PNG: one}}), func(_ int, pid sdk.Score) error {
		fmt.Println(int(pid.Score))
		return nil
	})
	time.Sleep(time.Minute)
	os.Exit(0)
}

func TestNoOrphans(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(path, asHost)
	output, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(output).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the host said %q", line)
	}
	if !alive(pid) {
		t.Fatalf("process %d does not run", pid)
	}
	host.Process.Kill()
	host.Wait()
	ends(t, pid)
}

// ends fails the test unless a process ends soon.
func ends(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("process %d lives on", pid)
		}
	}
}

// alive reports whether a process runs. One that has ended but that nobody has
// waited for does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true // no /proc here: what kill says is all we know
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// BenchmarkScore is the throughput of the wire with small images.
func BenchmarkScore(b *testing.B) {
	h := tinyHost(b)
	in := open(b, h, "reward", "tiny")
	rgb := make([]byte, 3*32*32)
	state := uint32(1)
	for i := range rgb {
		state = state*1664525 + 1013904223
		rgb[i] = byte(state >> 24) // noise: the largest PNG there is
	}
	png, err := imaging.EncodePNG(sdk.Image{Width: 32, Height: 32, RGB: rgb})
	if err != nil {
		b.Fatal(err)
	}
	items := func(yield func(client.Item, error) bool) {
		for range b.N {
			if !yield(client.Item{ID: "x", Prompt: sdk.Prompt{Text: "a red circle"}, PNG: png}, nil) {
				return
			}
		}
	}
	b.ResetTimer()
	if err := in.Score(b.Context(), items, func(int, sdk.Score) error { return nil }); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

// BenchmarkSample is the throughput of the other direction.
func BenchmarkSample(b *testing.B) {
	in := open(b, tinyHost(b), "sampler", "tiny")
	draws := make([]client.Draw, b.N)
	b.ResetTimer()
	if err := in.Sample(b.Context(), draws, func(int, sdk.Image) error { return nil }); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}

// A plugin's helpers, such as the workers of a Python data loader, share its
// pipes: they must neither outlive it nor keep the host waiting.
func TestHelpersDieWithTheirPlugin(t *testing.T) {
	entry := self(t, asTiny)
	note := filepath.Join(t.TempDir(), "helper")
	path := script(t, fmt.Sprintf("sleep 100 &\necho $! > %s\nsetsid sleep 100 &\nexec %s %s\n", note, entry.Command[0], asTiny))
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{named("tiny", path)} })
	_, err := scores(t.Context(), open(t, h, "reward", "exits"), pngs(t, 1))
	says(t, err, "exited with status 3", "the last words of exits")
	noted, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	helper, err := strconv.Atoi(strings.TrimSpace(string(noted)))
	if err != nil {
		t.Fatal(err)
	}
	ends(t, helper)
}

// TestWarnings: what a component warns of reaches the caller's context, from
// Open and from a call, each text once per call.
func TestWarnings(t *testing.T) {
	h := tinyHost(t)
	var mu sync.Mutex
	var heard []string
	ctx := sdk.WithWarnings(t.Context(), func(text string) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, text)
	})
	in, err := h.Open(ctx, client.OpenRequest{Kind: "reward", Component: "warns"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := scores(ctx, in, pngs(t, 9)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"opened with old weights", "the image is small", "the image is bright", "the image is small", "the image is bright"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
	// Nobody listens: nothing happens.
	if _, err := scores(t.Context(), in, pngs(t, 1)); err != nil || len(heard) != len(want) {
		t.Errorf("heard %q, %v", heard, err)
	}
}
