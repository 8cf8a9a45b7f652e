package conformance

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// checkClose: a closed instance answers nothing.
func checkClose(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	in, err := c.Open(ctx, r)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if err := in.Close(ctx); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	if err := in.Fit(ctx, sdk.FitRequest{}, func(sdk.Progress) error { return nil }); err == nil {
		return errors.New("a closed instance is not refused, but answers")
	}
	return ctx.Err()
}

// with opens an instance for a check.
func with(ctx context.Context, c Plugin, r client.OpenRequest, work func(in *client.Instance) error) error {
	in, err := c.Open(ctx, r)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	return errors.Join(work(in), in.Close(context.WithoutCancel(ctx)))
}

// views are the ways to ask the same questions: all at once, again, backwards,
// and each alone. They list the questions' numbers.
func views(n int) []view {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	backwards := slices.Clone(all)
	slices.Reverse(backwards)
	out := []view{{"again", [][]int{all}, true}, {"in the opposite order", [][]int{backwards}, false}}
	var alone [][]int
	for i := range n {
		alone = append(alone, []int{i})
	}
	return append(out, view{"one at a time", alone, false})
}

type view struct {
	name  string
	calls [][]int
	exact bool // the same call: no rounding may differ
}

// sameInAllViews asks all questions at once and then in every view, and
// compares the answers. Ask returns one answer for each question it is given.
func sameInAllViews[T any](n int, ask func(questions []int) ([]T, error), differ func(a, b T, exact bool) string) error {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	want, err := ask(all)
	if err != nil {
		return err
	}
	for _, v := range views(n) {
		for _, questions := range v.calls {
			got, err := ask(questions)
			if err != nil {
				return fmt.Errorf("asked %s: %w", v.name, err)
			}
			for i, question := range questions {
				if difference := differ(want[question], got[i], v.exact); difference != "" {
					return fmt.Errorf("asked %s, the answer to question %d is another: %s", v.name, question, difference)
				}
			}
		}
	}
	return nil
}

// items pairs every image with every other prompt in turn.
func (c Case) items() []client.Item { return c.itemsOf(c.Prompts) }

// itemsOf pairs every image with one of the prompts in turn, and holds of both what
// the component reads.
func (c Case) itemsOf(prompts []sdk.Prompt) []client.Item {
	var out []client.Item
	for i, image := range c.Images {
		item := client.Item{ID: "item-" + strconv.Itoa(i), Prompt: prompts[i%len(prompts)]}
		var err error
		if c.component.DoesRead(sdk.ReadPixels) {
			item.PNG, err = imaging.EncodePNG(image)
		}
		if err == nil && c.component.DoesRead(sdk.ReadImageFeatures) {
			item.ImageVector, err = one(c.Encoder.EncodeImages(context.Background(), []sdk.Image{image}))
		}
		if err == nil && c.component.DoesRead(sdk.ReadTextFeatures) {
			item.TextVector, err = one(c.Encoder.EncodeTexts(context.Background(), []string{item.Prompt.Text}))
		}
		if err != nil {
			panic(fmt.Sprintf("case holds a broken image or encoder: %v", err)) // the test's own mistake
		}
		out = append(out, item)
	}
	return out
}

// one is the only answer of an encoder.
func one(vectors [][]float32, err error) ([]float32, error) {
	if err == nil && len(vectors) != 1 {
		err = fmt.Errorf("%d vectors of one thing", len(vectors))
	}
	if err != nil {
		return nil, err
	}
	return vectors[0], nil
}

func pick[T any](from []T, questions []int) []T {
	out := make([]T, len(questions))
	for i, question := range questions {
		out[i] = from[question]
	}
	return out
}

func sequence[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range list {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// collect gathers answers by position.
func collect[T any](n int, call func(emit func(position int, answer T) error) error) ([]T, error) {
	out := make([]T, n)
	err := call(func(position int, answer T) error {
		out[position] = answer
		return nil
	})
	return out, err
}

// checkSample: the same draw gives the same image.
func checkSample(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	return with(ctx, c, r, func(in *client.Instance) error {
		var draws []client.Draw
		for i, prompt := range one.Prompts {
			id := "image-" + strconv.Itoa(i)
			draws = append(draws, client.Draw{ID: id + "-a", Prompt: prompt, Seed: uint64(i)}, client.Draw{ID: id + "-b", Prompt: prompt, Seed: math.MaxUint64 - uint64(i)})
		}
		return sameInAllViews(len(draws), func(questions []int) ([]sdk.Image, error) {
			return collect(len(questions), func(emit func(int, sdk.Image) error) error {
				return in.Sample(ctx, pick(draws, questions), emit)
			})
		}, func(a, b sdk.Image, exact bool) string {
			if a.Width != b.Width || a.Height != b.Height {
				return fmt.Sprintf("%d x %d pixels and %d x %d", a.Width, a.Height, b.Width, b.Height)
			}
			tolerance := one.PixelTolerance
			if exact {
				tolerance = 0
			}
			for i := range a.RGB {
				if d := int(a.RGB[i]) - int(b.RGB[i]); d > tolerance || -d > tolerance {
					return fmt.Sprintf("byte %d is %d and %d", i, a.RGB[i], b.RGB[i])
				}
			}
			return ""
		})
	})
}

// checkScore: scores are finite and depend on their item alone.
func checkScore(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	return with(ctx, c, r, func(in *client.Instance) error {
		items := one.items()
		return sameInAllViews(len(items), func(questions []int) ([]sdk.Score, error) {
			return scores(ctx, in, pick(items, questions))
		}, one.differentScores)
	})
}

// scores asks for the scores of items.
func scores(ctx context.Context, in *client.Instance, items []client.Item) ([]sdk.Score, error) {
	return collect(len(items), func(emit func(int, sdk.Score) error) error {
		return in.Score(ctx, sequence(items), emit)
	})
}

// differentScores says how two scores of one item differ; empty if they do not.
func (c Case) differentScores(a, b sdk.Score, exact bool) string {
	if !c.near(a.Score, b.Score, exact) {
		return fmt.Sprintf("score %v and %v", a.Score, b.Score)
	}
	for _, part := range c.component.Parts {
		if !c.near(a.Parts[part], b.Parts[part], exact) {
			return fmt.Sprintf("part %q %v and %v", part, a.Parts[part], b.Parts[part])
		}
	}
	return ""
}

// checkRate: always as many labels, whoever the neighbours are.
func checkRate(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	return with(ctx, c, r, func(in *client.Instance) error {
		items := one.items()
		return sameInAllViews(len(items), func(questions []int) ([][]sdk.Label, error) {
			return collect(len(questions), func(emit func(int, []sdk.Label) error) error {
				return in.Rate(ctx, sequence(pick(items, questions)), emit)
			})
		}, func(a, b []sdk.Label, _ bool) string {
			if !slices.Equal(a, b) {
				return fmt.Sprintf("labels %v and %v", a, b)
			}
			return ""
		})
	})
}

// checkEncode: vectors have one dimension and depend on their image or text
// alone; those of texts, if the encoder has the capability, live in the space of
// images.
func checkEncode(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	return with(ctx, c, r, func(in *client.Instance) error {
		differ := func(a, b []float32, exact bool) string {
			if len(a) != len(b) {
				return fmt.Sprintf("a vector of %d and of %d numbers", len(a), len(b))
			}
			var largest float64
			for _, v := range a {
				largest = max(largest, math.Abs(float64(v)))
			}
			for i := range a {
				apart := math.Abs(float64(a[i]) - float64(b[i]))
				*one.apart = max(*one.apart, apart/max(largest, math.SmallestNonzeroFloat32))
				if apart > one.Tolerance*largest || exact && apart > 0 {
					return fmt.Sprintf("number %d is %v and %v", i, a[i], b[i])
				}
			}
			return ""
		}
		items := one.items()
		var dimension int
		err := sameInAllViews(len(items), func(questions []int) ([][]float32, error) {
			return collect(len(questions), func(emit func(int, []float32) error) error {
				return in.EncodeImages(ctx, sequence(pick(items, questions)), func(position int, vector []float32) error {
					dimension = len(vector)
					return emit(position, vector)
				})
			})
		}, differ)
		if err != nil || !one.component.Has(sdk.CapabilityTexts) {
			return err
		}
		texts := make([]string, len(one.Prompts))
		for i, prompt := range one.Prompts {
			texts[i] = prompt.Text
		}
		return sameInAllViews(len(texts), func(questions []int) ([][]float32, error) {
			return collect(len(questions), func(emit func(int, []float32) error) error {
				return in.EncodeTexts(ctx, sequence(pick(texts, questions)), func(position int, vector []float32) error {
					if len(vector) != dimension {
						return fmt.Errorf("vectors of texts have %d numbers, those of images %d: they cannot be compared", len(vector), dimension)
					}
					return emit(position, vector)
				})
			})
		}, differ)
	})
}

// near reports whether two numbers are the same but for what rounding may do between
// batches, and notes how far apart they are.
func (c Case) near(a, b float64, exact bool) bool {
	if exact {
		return a == b
	}
	apart := math.Abs(a-b) / max(math.Abs(a), math.Abs(b), 1)
	*c.apart = max(*c.apart, apart)
	return apart <= c.Tolerance
}

// checkCancelSample: a cancelled Sample ends soon, and the next one works.
func checkCancelSample(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	return with(ctx, c, r, func(in *client.Instance) error {
		draws := make([]client.Draw, 4096)
		for i := range draws {
			draws[i] = client.Draw{ID: "image-" + strconv.Itoa(i), Prompt: one.Prompts[i%len(one.Prompts)], Seed: uint64(i)}
		}
		return cancelled(ctx, one.Patience, func(ctx context.Context, answered func()) error {
			return in.Sample(ctx, draws, func(int, sdk.Image) error {
				answered()
				return nil
			})
		}, func(ctx context.Context) error {
			return in.Sample(ctx, draws[:1], func(int, sdk.Image) error { return nil })
		})
	})
}

// checkCancelItems: a cancelled stream of items ends soon, and the next one works.
func checkCancelItems(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	return with(ctx, c, r, func(in *client.Instance) error {
		items := one.items()
		return cancelled(ctx, one.Patience, func(ctx context.Context, answered func()) error {
			endless := func(yield func(client.Item, error) bool) {
				for i := 0; ctx.Err() == nil; i++ {
					if !yield(items[i%len(items)], nil) {
						return
					}
				}
			}
			return one.stream(ctx, in, endless, func(int, []float64) error {
				answered()
				return nil
			})
		}, func(ctx context.Context) error {
			return one.stream(ctx, in, sequence(items[:1]), func(int, []float64) error { return nil })
		})
	})
}

// stream asks about items as the kind of the component is asked, and emits its answers
// as numbers: a score and its parts, labels, a vector.
func (c Case) stream(ctx context.Context, in *client.Instance, items iter.Seq2[client.Item, error], emit func(position int, answer []float64) error) error {
	switch c.component.Kind {
	case sdk.KindReward:
		return in.Score(ctx, items, func(position int, score sdk.Score) error {
			answer := []float64{score.Score}
			for _, part := range c.component.Parts {
				answer = append(answer, score.Parts[part])
			}
			return emit(position, answer)
		})
	case sdk.KindRater:
		numbers := map[sdk.Label]float64{sdk.LabelBad: -1, sdk.LabelGood: 1}
		return in.Rate(ctx, items, func(position int, labels []sdk.Label) error {
			answer := make([]float64, len(labels))
			for i, label := range labels {
				answer[i] = numbers[label]
			}
			return emit(position, answer)
		})
	case sdk.KindEncoder:
		return in.EncodeImages(ctx, items, func(position int, vector []float32) error {
			answer := make([]float64, len(vector))
			for i, v := range vector {
				answer[i] = float64(v)
			}
			return emit(position, answer)
		})
	}
	return fmt.Errorf("a %s is not asked about images", c.component.Kind)
}

// cancelled cancels a long call at its first answer and then makes a short one.
func cancelled(ctx context.Context, patience time.Duration, long func(ctx context.Context, answered func()) error, short func(ctx context.Context) error) error {
	cancelling, cancel := context.WithCancel(ctx)
	defer cancel()
	var since time.Time
	err := long(cancelling, func() {
		if since.IsZero() {
			since = time.Now()
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a cancelled call does not end as cancelled: %v", err)
	}
	// The call is over for us at once; whether it is for the component, the
	// next one tells: calls on an instance do not overlap.
	waiting, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if err := short(waiting); err != nil {
		return fmt.Errorf("the call after a cancelled one: %w (a component must watch its context)", err)
	}
	if took := time.Since(since); took > patience {
		return fmt.Errorf("after a cancelled call the instance was busy for %v, longer than %v", took, patience)
	}
	return nil
}
