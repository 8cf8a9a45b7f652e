package reports

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/browsertest"
	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

var largeVariants = flag.Int("variants", 100, "variants of the large report: 500 is what its bounds are stated for")

const (
	largeSeeds   = 5
	largePrompts = 120
	largeImages  = 4 // of a prompt
)

// syntheticLarge is a made-up ablation of two variables under five seeds: three models of
// 120 prompts and 4 images each a variant, with labels, scores, values and curves. The
// base is drawn once a seed, as no variable touches it.
func syntheticLarge(t testing.TB, variants int) *synthetic {
	t.Helper()
	s := &synthetic{dir: t.TempDir(), records: map[string]*record.Record{}}
	s.run = &record.Run{Name: "synthetic_large", Description: "made-up numbers", File: "synthetic.hcl", Command: "plumb run synthetic.hcl",
		Baseline: "beta=0 steps=100"}
	at := 0
	for value := 0; at < variants; value++ {
		for seed := range largeSeeds {
			if at++; at > variants {
				break
			}
			beta, steps := value%10, 100*(1+value/10)
			v := record.Variant{ID: fmt.Sprintf("%012x", at), Seed: uint64(seed + 1), Values: map[string]any{"beta": beta, "steps": steps, "seed": seed + 1},
				Name: fmt.Sprintf("beta=%d steps=%d seed=%d", beta, steps, seed+1)}
			for m, model := range syntheticModels {
				of := v.Name
				if model.name == "base" {
					of = fmt.Sprint("base ", seed)
				} else {
					model.good += float64(beta) / 100
					s.stage(&v, record.Record{Node: "tune/" + model.name, Stage: record.Stage{Kind: record.KindTune, Subject: model.name, Reward: "with_aux"}, Component: "shapes",
						Outputs: map[string]record.Output{"curve": s.largeCurve(t, of+model.name)}})
				}
				s.largeModel(t, &v, m, model, of)
			}
			s.stage(&v, realImages(fmt.Sprint(seed)))
			s.stage(&v, realDiversity(fmt.Sprint(seed)))
			s.stage(&v, record.Record{Node: "measure/main/reward_accuracy", Stage: measuring("reward_accuracy", ""), Metrics: accuracyMetrics(float64(beta)/10, v.Name)})
			s.stage(&v, record.Record{Node: "measure/main/best_of/base", Stage: measuring("best_of", "base"), Metrics: bestOfMetrics()})
			s.run.Variants = append(s.run.Variants, v)
		}
	}
	return s
}

func (s *synthetic) largeCurve(t testing.TB, name string) record.Output {
	var rows []dataset.CurvePoint
	for step := range 400 {
		for _, term := range []string{"loss", "loss/reward_weighted", "gradient_norm", "learning_rate"} {
			rows = append(rows, dataset.CurvePoint{Step: int32(step + 1), Name: term, Value: 1 / float64(step+1)})
		}
	}
	return largeOutput(t, s, "curve "+name, rows)
}

func largeOutput[T any](t testing.TB, s *synthetic, name string, rows []T) record.Output {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if _, err := os.Stat(path); err == nil {
		return record.Output{Digest: name, Rows: len(rows)}
	}
	if err := table.WriteAll(path, rows); err != nil {
		t.Fatal(err)
	}
	return record.Output{Digest: name, Rows: len(rows)}
}

// largeModel adds what is drawn, said and measured of a model.
func (s *synthetic) largeModel(t testing.TB, v *record.Variant, m int, model syntheticModel, of string) {
	name := of + model.name
	var images []table.Image
	var labels []table.Label
	var scores []table.Score
	var values []dataset.PromptValue
	for prompt := range largePrompts {
		text, split := fmt.Sprintf("a thing of kind %d", prompt), []string{"seen", "unseen"}[prompt%2]
		category := []string{"color", "count"}[prompt/2%2]
		for index := range largeImages {
			id := fmt.Sprintf("%s/%d/%d", category, prompt, index)
			images = append(images, table.Image{ID: id, Image: table.File{Bytes: largePicture(t, uint64(prompt*7+index*3+m)), Path: id + ".png"},
				Prompt: text, Category: category, Split: split, Index: int32(index), Seed: uint64(index)})
			labels = append(labels, table.Label{ImageID: id, Prompt: text, Category: category, Split: split, Rater: "1", Label: "good"})
			scores = append(scores, table.Score{ImageID: id, Prompt: text, Category: category, Split: split, Score: wobble(id + name)})
		}
		values = append(values, dataset.PromptValue{Metric: metric.GoodShare, Subject: model.name, Prompt: text, Category: category, Split: split, N: largeImages, Value: (1 + wobble(text+name)) / 2})
	}
	one := func(output string, of record.Output) map[string]record.Output {
		return map[string]record.Output{output: of}
	}
	s.stage(v, record.Record{Node: "sample/main/" + model.name, Stage: about(record.KindSample, model.name), Component: "shapes",
		Outputs: one("images", largeOutput(t, s, "images "+name, images))})
	s.stage(v, record.Record{Node: "rate/main/" + model.name, Stage: about(record.KindRate, model.name), Component: "shapes_judge",
		Outputs: one("labels", largeOutput(t, s, "labels "+name, labels))})
	score := about(record.KindScore, model.name)
	score.Reward = "with_aux"
	s.stage(v, record.Record{Node: "score/main/with_aux/" + model.name, Stage: score, Outputs: one("scores", largeOutput(t, s, "scores "+name, scores))})
	s.stage(v, record.Record{Node: "measure/main/alignment/" + model.name, Stage: measuring("alignment", model.name), Metrics: alignmentMetrics(model, of),
		Outputs: one("values", largeOutput(t, s, "values "+name, values))})
	s.stage(v, record.Record{Node: "measure/main/reward/" + model.name, Stage: measuring("reward", model.name), Metrics: rewardMetrics(model, of)})
	s.stage(v, record.Record{Node: "measure/main/fidelity/" + model.name, Stage: measuring("fidelity", model.name), Metrics: fidelityMetrics(model, of)})
	s.stage(v, record.Record{Node: "measure/main/diversity/" + model.name, Stage: measuring("diversity", model.name), Metrics: diversityMetrics(model, of)})
}

var largePictures = map[uint64][]byte{}

// largePicture is noise of 32 by 32 pixels: what a PNG holds least of.
func largePicture(t testing.TB, seed uint64) []byte {
	if known, ok := largePictures[seed]; ok {
		return known
	}
	pixels := make([]byte, 3*32*32)
	x := seed*2654435761 + 1
	for i := range pixels {
		x = x*6364136223846793005 + 1442695040888963407
		pixels[i] = byte(x>>56) / 2
	}
	content, err := imaging.EncodePNG(imaging.Image{Width: 32, Height: 32, RGB: pixels})
	if err != nil {
		t.Fatal(err)
	}
	largePictures[seed] = content
	return content
}

// TestLargeReport: a report over 500 variants of 120 prompts and 4 images takes at most 20
// seconds and 1 GiB on two cores, and its page stays small and quick. Fewer variants,
// which are the default, have to keep to the same time and their part of the memory.
func TestLargeReport(t *testing.T) {
	s := syntheticLarge(t, *largeVariants)
	largePictures = map[uint64][]byte{}
	dir := t.TempDir()
	before := time.Now()
	most := heapWhile(func() {
		if _, err := Write(context.Background(), dir, s.input()); err != nil {
			t.Fatal(err)
		}
	})
	took := time.Since(before)
	t.Logf("%d variants: %v, %d MiB", *largeVariants, took.Round(10*time.Millisecond), most>>20)
	if took > 20*time.Second {
		t.Errorf("the report of %d variants took %v", *largeVariants, took)
	}
	if bound := uint64(200+*largeVariants*824/500) << 20; most > bound {
		t.Errorf("the report of %d variants takes %d MiB, more than %d", *largeVariants, most>>20, bound>>20)
	}
	for _, one := range []struct {
		name  string
		bytes int64
	}{{"index.html", 5 << 20}, {"results.json", int64(*largeVariants) * 70 << 10}} {
		info, err := os.Stat(filepath.Join(dir, one.name))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d KiB", one.name, info.Size()>>10)
		if info.Size() > one.bytes {
			t.Errorf("%s has %d KiB, more than %d", one.name, info.Size()>>10, one.bytes>>10)
		}
	}
	t.Run("in a browser", func(t *testing.T) {
		b := browsertest.Open(t)
		b.Look(1280, "light")
		before := time.Now()
		b.File(filepath.Join(dir, "index.html"))
		b.Await(`document.readyState === "complete" && document.querySelector("thead button")`)
		opened := time.Since(before)
		// Sorting the longest table by its third column, and laying it out.
		sorted := browsertest.Ask[float64](b, `(() => {
		  const table = [...document.querySelectorAll("table")].sort((a, b) => b.rows.length - a.rows.length)[0];
		  const before = performance.now();
		  table.querySelectorAll("thead button")[2].click();
		  table.getBoundingClientRect();
		  return performance.now() - before;
		})()`)
		t.Logf("opened in %v, sorted in %.0f ms", opened.Round(time.Millisecond), sorted)
		if opened > 10*time.Second || sorted > 2000 {
			t.Errorf("opened in %v, sorted in %.0f ms", opened, sorted)
		}
		if shown := browsertest.Ask[int](b, `document.querySelectorAll("#verdict .claims li").length`); shown == 0 || shown > 2*mostDecided {
			t.Errorf("the verdict lists %d comparisons", shown)
		}
		b.Quiet("file:")
	})
}

// heapWhile is the most bytes on the heap while something works, of which those from
// before are not.
func heapWhile(work func()) uint64 {
	heap := func() uint64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	runtime.GC()
	before, most := heap(), uint64(0)
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			most = max(most, heap())
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	work()
	close(done)
	<-watched
	return most - min(most, before)
}
