package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// Trials are checks beyond the contract's letter: input as hard as it comes, many
// images, several instances, and answers that look as if something were not read. The
// latter are findings: a rule is not broken by them.
func Trials(component sdk.Description, one Case) []Check {
	var trials []Check
	add := func(name, what string, run func(context.Context, Plugin, client.OpenRequest, Case) error) {
		trials = append(trials, Check{Name: name, What: what, run: run})
	}
	add("options", "wrong options end in a message, not in a crash", tryOptions)
	add("description", "what it says of itself is complete", tryDescription)
	if one.Kind == sdk.KindSampler {
		add("prompts", "images are drawn for prompts in any script, and for none", tryDrawPrompts)
		add("instances", "several instances with one seed draw the same", tryDrawInstances)
		add("sense", "images follow from prompts and seeds", tryDrawSense)
		return about(trials, component, one)
	}
	if one.Kind != sdk.KindEncoder {
		add("prompts", "prompts in any script, and an empty one, are answered", tryPrompts)
	}
	if component.DoesRead(sdk.ReadPixels) {
		add("sizes", "images of 1 x 1 to 2048 x 2048 pixels are answered", trySizes)
	}
	add("instances", "several instances with one seed answer the same", tryInstances)
	add("many", "1,000 images, each answered once", tryMany)
	add("sense", "answers follow from what is read", trySense)
	return about(trials, component, one)
}

// hardPrompts are texts that tokenizers and encodings stumble over.
var hardPrompts = []string{
	"", " ", "красный круг на траве", "草の上の赤い丸", "دائرة حمراء", "e\u0301toile a\u0300 cinq branches",
	"👩🏽‍🚀 beside a 🔴", "a \"red\" ring\\ with {braces} <tags> & 100 %", "two\nlines\tand a tab", "a\u200bzero\u00adwidth",
	strings.Repeat("a red ring and ", 200),
}

// hard are the prompts of hardPrompts that the component lets pass.
func (c Case) hard(ctx context.Context, p Plugin, r client.OpenRequest) ([]sdk.Prompt, error) {
	prompts := make([]sdk.Prompt, len(hardPrompts))
	for i, text := range hardPrompts {
		prompts[i] = sdk.Prompt{Text: text, Category: "hard"}
	}
	if !c.component.Has(sdk.CapabilityCheckPrompts) {
		return prompts, nil
	}
	found, err := p.CheckPrompts(ctx, client.CheckPromptsRequest{
		Kind: r.Kind, Component: r.Component, CheckPromptsRequest: sdk.CheckPromptsRequest{Config: r.Config, Prompts: prompts},
	})
	if err != nil {
		return nil, err
	}
	refused := map[int]bool{}
	for _, fault := range found.Faults {
		refused[fault.Prompt] = refused[fault.Prompt] || !fault.Warning
	}
	var passing []sdk.Prompt
	for i, prompt := range prompts {
		if !refused[i] {
			passing = append(passing, prompt)
		}
	}
	if len(passing) < len(prompts) {
		c.note("%d of %d prompts are refused beforehand", len(prompts)-len(passing), len(prompts))
	}
	return passing, nil
}

// tryPrompts: hard prompts get answers. Which, is not said.
func tryPrompts(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	prompts, err := one.hard(ctx, p, r)
	if err != nil || len(prompts) == 0 {
		return err
	}
	one.Images = one.Images[:1]
	var items []client.Item
	for i, prompt := range prompts {
		item := one.itemsOf([]sdk.Prompt{prompt})[0]
		item.ID = fmt.Sprintf("prompt-%d-ü", i)
		items = append(items, item)
	}
	return with(ctx, p, r, func(in *client.Instance) error {
		_, err := one.answers(ctx, in, items)
		return err
	})
}

// answers asks about items, and returns the answers as numbers.
func (c Case) answers(ctx context.Context, in *client.Instance, items []client.Item) ([][]float64, error) {
	return collect(len(items), func(emit func(int, []float64) error) error {
		return c.stream(ctx, in, sequence(items), emit)
	})
}

// trySizes: images of all sizes and shapes get answers.
func trySizes(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	return with(ctx, p, r, func(in *client.Instance) error {
		refused := 0
		for _, size := range [][2]int{{1, 1}, {3, 1}, {1, 3}, {3, 3}, {2, 7}, {31, 17}, {224, 224}, {512, 512}, {768, 512}, {2048, 1}, {2048, 2048}} {
			one.Images = []sdk.Image{noise(size[0], size[1], 7)}
			items := one.items()
			items[0].ID = fmt.Sprintf("image of %d x %d", size[0], size[1])
			_, err := one.answers(ctx, in, items)
			if err != nil && (one.Size == [2]int{} || size == one.Size || ctx.Err() != nil) {
				return fmt.Errorf("an image of %d x %d pixels: %w", size[0], size[1], err)
			}
			if err != nil {
				refused++
			}
		}
		if one.Size != [2]int{} {
			one.note("%d of 11 sizes are refused", refused)
			one.Images = []sdk.Image{noise(one.Size[0], one.Size[1], 1)}
			if _, err := one.answers(ctx, in, one.items()); err != nil {
				return fmt.Errorf("after images of other sizes, one of %d x %d pixels: %w", one.Size[0], one.Size[1], err)
			}
			return nil
		}
		one.Images = []sdk.Image{noise(32, 32, 1), noise(1, 1, 2), noise(64, 16, 3), noise(32, 32, 4)}
		if _, err := one.answers(ctx, in, one.items()); err != nil {
			return fmt.Errorf("images of several sizes at once: %w", err)
		}
		return nil
	})
}

// tryInstances: three instances with one seed work at the same time and answer alike.
func tryInstances(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	items := one.items()
	return together(ctx, p, r, func(ctx context.Context, in *client.Instance) ([][]float64, error) {
		return one.answers(ctx, in, items)
	}, func(a, b [][]float64) string {
		for i := range a {
			if !slices.Equal(a[i], b[i]) {
				return fmt.Sprintf("item %d: %v and %v", i, a[i], b[i])
			}
		}
		return ""
	})
}

// together has three instances do the same at the same time.
func together[T any](ctx context.Context, p Plugin, r client.OpenRequest, work func(context.Context, *client.Instance) (T, error), differ func(a, b T) string) error {
	var got [3]T
	var group errgroup.Group
	for i := range got {
		group.Go(func() error {
			return with(ctx, p, r, func(in *client.Instance) (err error) {
				got[i], err = work(ctx, in)
				return err
			})
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range got[1:] {
		if difference := differ(got[0], got[i+1]); difference != "" {
			return fmt.Errorf("two instances with one seed differ: %s", difference)
		}
	}
	return nil
}

const (
	manyImages = 1000
	// manyTime is how long a slow component is asked about many images, unless a test is
	// in a hurry.
	manyTime = 30 * time.Second
	// slowRate is how many images a second are told to be few: an experiment of 5,000
	// images then takes an hour and a half.
	slowRate = 1
)

// tryMany: 1,000 images are answered, each once, and how long that takes. Of a slow
// component, as many as it answers in half a minute.
func tryMany(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	one.Images = nil
	for i := range 8 {
		width, height := one.sized(64)
		one.Images = append(one.Images, noise(width, height, uint32(i)))
	}
	few := one.items()
	return with(ctx, p, r, func(in *client.Instance) error {
		if _, err := one.answers(ctx, in, few[:1]); err != nil { // warm
			return err
		}
		// Not by a deadline: the plugin would hear of it, and might end the call first.
		bounded, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		defer time.AfterFunc(one.manyTime, func() { stop(errEnough) }).Stop()
		answered, since := 0, time.Now()
		err := one.stream(bounded, in, func(yield func(client.Item, error) bool) {
			for i := range manyImages {
				item := few[i%len(few)]
				item.ID = "image-" + strconv.Itoa(i)
				if !yield(item, nil) {
					return
				}
			}
		}, func(int, []float64) error { answered++; return nil })
		took := time.Since(since)
		if err != nil && (context.Cause(bounded) != errEnough || ctx.Err() != nil) {
			return err
		}
		if answered == 0 {
			one.find("it is slow: it answered none of %d images in %v", manyImages, one.manyTime)
			return nil
		}
		rate := float64(answered) / took.Seconds()
		one.note("%d images of %d x %d in %.1f s: %.3g a second", answered, one.Images[0].Width, one.Images[0].Height, took.Seconds(), rate)
		if rate < slowRate {
			one.find("it is slow: %.2g images a second, so that 5,000 take %.1f hours", rate, 5000/rate/3600)
		}
		return nil
	})
}

var errEnough = errors.New("that is enough")

// trySense looks for answers that do not follow from what the component is given.
func trySense(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	one.Images = nil
	for i := range 6 {
		width, height := one.sized(64)
		one.Images = append(one.Images, drawing(width, height, i))
	}
	prompts := one.Prompts
	changed := func(change func(sdk.Image) sdk.Image) []client.Item {
		other := one
		other.Images = make([]sdk.Image, len(one.Images))
		for i, img := range one.Images {
			other.Images[i] = change(img)
		}
		return other.itemsOf(prompts)
	}
	return with(ctx, p, r, func(in *client.Instance) error {
		base, err := one.answers(ctx, in, one.itemsOf(prompts))
		if err != nil {
			return err
		}
		spread := spreadOf(base)
		if spread == 0 {
			one.find("all %d images of different drawings get the same answer, %s", len(base), numbers(base[0]))
			return nil
		}
		if one.Kind == sdk.KindReward || one.Kind == sdk.KindRater {
			shuffled, err := one.answers(ctx, in, one.itemsOf(slices.Concat(prompts[1:], prompts[:1])))
			if err != nil {
				return err
			}
			if apartBy(base, shuffled) == 0 {
				one.find("the prompt is not read: other prompts with the same images get the same answers")
			}
		}
		if !one.component.DoesRead(sdk.ReadPixels) && !one.component.DoesRead(sdk.ReadImageFeatures) {
			return nil
		}
		var moved []string
		deaf := true
		for _, way := range []struct {
			name   string
			change func(sdk.Image) sdk.Image
		}{{"blank", blank}, {"noise", func(i sdk.Image) sdk.Image { return noise(i.Width, i.Height, 99) }}, {"JPEG", jpegged}, {"flip", flipped}} {
			got, err := one.answers(ctx, in, changed(way.change))
			if err != nil {
				return fmt.Errorf("%s images: %w", way.name, err)
			}
			apart := apartBy(base, got)
			if (way.name == "blank" || way.name == "noise") && apart > 0 {
				deaf = false
			}
			moved = append(moved, fmt.Sprintf("%s %.2g", way.name, apart/spread))
		}
		if deaf {
			one.find("the image is not read: blank images and noise get the same answers")
			return nil
		}
		one.note("change over spread: %s", strings.Join(moved, ", "))
		return nil
	})
}

func numbers(answer []float64) string {
	if len(answer) == 1 {
		return fmt.Sprintf("%.4g", answer[0])
	}
	return fmt.Sprintf("%d numbers", len(answer))
}

// spreadOf is the mean, over an answer's numbers, of their ranges over items.
func spreadOf(answers [][]float64) float64 {
	var sum float64
	for i := range answers[0] {
		lowest, highest := math.Inf(1), math.Inf(-1)
		for _, answer := range answers {
			lowest, highest = min(lowest, answer[i]), max(highest, answer[i])
		}
		sum += highest - lowest
	}
	return sum / float64(len(answers[0]))
}

// apartBy is the mean distance of two lists of answers.
func apartBy(a, b [][]float64) float64 {
	var sum float64
	for i := range a {
		for j := range a[i] {
			sum += math.Abs(a[i][j]-b[i][j]) / float64(len(a[i]))
		}
	}
	return sum / float64(len(a))
}

// tryOptions: an option that is not there, and one of another type, end in a message
// or are passed over; the plugin lives on.
func tryOptions(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	var given map[string]any
	if err := json.Unmarshal(r.Config, &given); err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	wrong := []struct {
		name  string
		value any
	}{{"no_such_option_of_" + r.Component, 1}}
	for _, a := range one.component.Schema.Attributes {
		var value any = map[string]any{}
		switch a.Type {
		case sdk.TypeString:
			value = []any{1, 2}
		case sdk.TypeNumber, sdk.TypeInteger, sdk.TypeBool:
			value = "not a " + string(a.Type)
		}
		wrong = append(wrong, struct {
			name  string
			value any
		}{a.Name, value})
	}
	var taken []string
	err := with(ctx, p, r, func(*client.Instance) error { // one that must live on
		for _, option := range wrong {
			spoiled := map[string]any{option.name: option.value}
			for name, value := range given {
				if name != option.name {
					spoiled[name] = value
				}
			}
			request := r
			var err error
			if request.Config, err = json.Marshal(spoiled); err != nil {
				return err
			}
			in, err := p.Open(ctx, request)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				continue
			}
			taken = append(taken, option.name)
			if err := in.Close(ctx); err != nil {
				return fmt.Errorf("close: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("opened with wrong options in between, an instance ends so: %w", err)
	}
	if len(taken) > 0 {
		one.find("wrong values are taken without a word for: %s (the host checks options, too)", strings.Join(taken, ", "))
	}
	return nil
}

// tryDescription looks for what people will miss in the description, and asks for every
// capability that no other check does: a call that the plugin does not know is a mistake.
func tryDescription(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	c := one.component
	if c.Summary == "" {
		one.find("it has no summary: plumb plugins prints one sentence of every component")
	}
	if c.Input != nil {
		one.note("it gets images of %s", *c.Input)
	}
	var bare []string
	for _, a := range c.Schema.Attributes {
		if a.Summary == "" {
			bare = append(bare, a.Name)
		}
	}
	if len(bare) > 0 {
		one.find("options without a summary: %s", strings.Join(bare, ", "))
	}
	if c.CodeVersion == "" {
		one.find("it has no code version, which says when its answers change")
	}
	none := func(sdk.Progress) error { return nil }
	calls := map[sdk.Capability]func(*client.Instance) error{
		sdk.CapabilityFit:  func(in *client.Instance) error { return in.Fit(ctx, sdk.FitRequest{}, none) },
		sdk.CapabilityTune: func(in *client.Instance) error { return in.Tune(ctx, sdk.TuneRequest{}, none) },
		sdk.CapabilityFitTexts: func(in *client.Instance) error {
			_, err := in.FitTexts(ctx, sdk.FitRequest{})
			return err
		},
	}
	return with(ctx, p, r, func(in *client.Instance) error {
		for _, capability := range c.Capabilities {
			call := calls[capability]
			if call == nil {
				continue
			}
			switch err := call(in); {
			case err == nil:
				one.find("the capability %q: a job without any data is taken without a word", capability)
			case ctx.Err() != nil:
				return ctx.Err()
			case unknownCall(err):
				return fmt.Errorf("it declares the capability %q: %w", capability, err)
			}
		}
		return nil
	})
}

// unknownCall reports whether an error says that the plugin has no such method: gRPC's,
// or in the words of core/plugin.
func unknownCall(err error) bool {
	var broken *client.Transport
	if errors.As(err, &broken) {
		return status.Code(broken.Err) == codes.Unimplemented
	}
	return strings.Contains(err.Error(), "does not understand the call")
}

// tryDrawPrompts: hard prompts get images.
func tryDrawPrompts(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	prompts, err := one.hard(ctx, p, r)
	if err != nil || len(prompts) == 0 {
		return err
	}
	return with(ctx, p, r, func(in *client.Instance) error {
		_, err := drawn(ctx, in, prompts, 1)
		return err
	})
}

// drawn draws an image for each prompt.
func drawn(ctx context.Context, in *client.Instance, prompts []sdk.Prompt, seed uint64) ([]sdk.Image, error) {
	draws := make([]client.Draw, len(prompts))
	for i, prompt := range prompts {
		draws[i] = client.Draw{ID: "image-" + strconv.Itoa(i), Prompt: prompt, Seed: seed}
	}
	return collect(len(draws), func(emit func(int, sdk.Image) error) error { return in.Sample(ctx, draws, emit) })
}

// tryDrawInstances: three instances draw the same at the same time.
func tryDrawInstances(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	return together(ctx, p, r, func(ctx context.Context, in *client.Instance) ([]sdk.Image, error) {
		return drawn(ctx, in, one.Prompts, 3)
	}, func(a, b []sdk.Image) string {
		for i := range a {
			if !sameImage(a[i], b[i]) {
				return fmt.Sprintf("the image of draw %d", i)
			}
		}
		return ""
	})
}

func sameImage(a, b sdk.Image) bool {
	return a.Width == b.Width && a.Height == b.Height && bytes.Equal(a.RGB, b.RGB)
}

// tryDrawSense looks for images that do not follow from prompt and seed.
func tryDrawSense(ctx context.Context, p Plugin, r client.OpenRequest, one Case) error {
	return with(ctx, p, r, func(in *client.Instance) error {
		since := time.Now()
		first, err := drawn(ctx, in, one.Prompts, 1)
		if err != nil {
			return err
		}
		rate := float64(len(first)) / time.Since(since).Seconds()
		second, err := drawn(ctx, in, one.Prompts, 2)
		if err != nil {
			return err
		}
		one.note("%d x %d pixels, %.3g images a second", first[0].Width, first[0].Height, rate)
		seeds, prompts := true, true
		for i := range first {
			seeds = seeds && sameImage(first[i], second[i])
			prompts = prompts && sameImage(first[0], first[i])
		}
		if seeds {
			one.find("the seed is not read: other seeds draw the same images")
		}
		if prompts && len(first) > 1 {
			one.find("the prompt is not read: other prompts with one seed draw the same image")
		}
		return nil
	})
}

// noise is an image of noise, the same for everyone.
func noise(width, height int, state uint32) sdk.Image {
	rgb := make([]byte, 3*width*height)
	for i := range rgb {
		state = state*1664525 + 1013904223 // Numerical Recipes' generator
		rgb[i] = byte(state >> 24)
	}
	return sdk.Image{Width: width, Height: height, RGB: rgb}
}

// drawing is a disc and a bar of other colours on a gradient: not symmetric, and
// something that a model of images may have a view on.
func drawing(width, height, n int) sdk.Image {
	colours := [][3]byte{{220, 30, 30}, {30, 60, 220}, {240, 210, 40}, {40, 170, 60}, {250, 250, 250}, {120, 40, 160}}
	disc, bar := colours[n%len(colours)], colours[(n+2)%len(colours)]
	out := sdk.Image{Width: width, Height: height, RGB: make([]byte, 0, 3*width*height)}
	cx, cy, radius := width/4+n*width/24, height/3, min(width, height)/5
	for y := range height {
		for x := range width {
			pixel := [3]byte{byte(40 + 100*y/height), byte(60 + 60*x/width), byte(80 + 10*n)}
			if (x-cx)*(x-cx)+(y-cy)*(y-cy) < radius*radius {
				pixel = disc
			} else if x > width*3/5 && x < width*4/5 && y > height/2 {
				pixel = bar
			}
			out.RGB = append(out.RGB, pixel[:]...)
		}
	}
	return out
}

// blank is an image's size in grey.
func blank(img sdk.Image) sdk.Image {
	return sdk.Image{Width: img.Width, Height: img.Height, RGB: bytes.Repeat([]byte{128}, len(img.RGB))}
}

// flipped is an image with left and right exchanged.
func flipped(img sdk.Image) sdk.Image {
	out := sdk.Image{Width: img.Width, Height: img.Height, RGB: make([]byte, 0, len(img.RGB))}
	for y := range img.Height {
		for x := range img.Width {
			at := 3 * (y*img.Width + img.Width - 1 - x)
			out.RGB = append(out.RGB, img.RGB[at:at+3]...)
		}
	}
	return out
}

// jpegged is an image after JPEG of quality 75, as others send images.
func jpegged(img sdk.Image) sdk.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, img.Width, img.Height))
	for i := range img.Width * img.Height {
		copy(picture.Pix[4*i:], img.RGB[3*i:3*i+3])
		picture.Pix[4*i+3] = 255
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, nil); err != nil {
		panic(fmt.Sprintf("write JPEG into memory: %v", err)) // of a picture that is made here
	}
	out, err := imaging.Decode(file.Bytes(), imaging.Foreign)
	if err != nil {
		panic(fmt.Sprintf("read JPEG from memory: %v", err))
	}
	return out
}
