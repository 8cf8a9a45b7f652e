package conformance

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// fitTables are what Fit is tried on: 24 plain images of 32 x 32 pixels with
// eight captions, and two raters' labels of them: good for those of the colour
// in their caption. Beside them are labels that nothing can be learnt from.
//
//go:embed testdata/fit_*.parquet
var fitTables embed.FS

// unlearnable are the label tables that Fit must refuse.
var unlearnable = []struct{ name, why string }{
	{"fit_labels_none", "without a label"},
	{"fit_labels_skipped", "in which all images are skipped"},
	{"fit_labels_good", "in which all images are good"},
}

// checkFit: the same images, labels and seed give the same checkpoint; it can
// be opened, and answers; and labels that nothing can be learnt from are refused
// with a way out.
func checkFit(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	root, err := os.MkdirTemp("", "plumb-check-fit-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	if err := os.CopyFS(root, fitTables); err != nil {
		return err
	}
	job := one.fitJob(root)
	r.Checkpoint = "" // a fit starts from the component's own weights
	var checkpoint string
	err = with(ctx, c, r, func(in *client.Instance) error {
		fit := func(name string, job sdk.FitRequest) (map[string][]byte, error) {
			var texts []string
			if one.component.Has(sdk.CapabilityFitTexts) {
				var err error
				if texts, err = in.FitTexts(ctx, job); err != nil {
					return nil, err
				}
			}
			if err := one.features(ctx, root, &job, texts); err != nil {
				return nil, err
			}
			job.Output, job.Scratch = filepath.Join(root, name), filepath.Join(root, name+" scratch")
			if err := errors.Join(os.MkdirAll(job.Output, 0o755), os.MkdirAll(job.Scratch, 0o755)); err != nil {
				return nil, err
			}
			before := sdk.Progress{}
			if err := in.Fit(ctx, job, func(p sdk.Progress) error {
				if p.Step < before.Step || p.Step > p.Steps {
					return fmt.Errorf("after step %d it reports step %d of %d", before.Step, p.Step, p.Steps)
				}
				before = p
				return nil
			}); err != nil {
				return nil, err
			}
			if before.Step != before.Steps || before.Steps == 0 {
				return nil, fmt.Errorf("the last step it reports is %d of %d", before.Step, before.Steps)
			}
			checkpoint = job.Output
			return contents(job.Output)
		}
		first, err := fit("first", job)
		if err != nil {
			return err
		}
		if len(first) == 0 {
			return errors.New("it finished and left its output empty")
		}
		second, err := fit("second", job)
		if err != nil {
			return fmt.Errorf("fit again: %w", err)
		}
		if difference := differing(first, second); difference != "" {
			return fmt.Errorf("fitted again with the same seed, the checkpoint is another: %s", difference)
		}
		if one.Kind != sdk.KindReward {
			return nil
		}
		for _, labels := range unlearnable {
			spoilt := job
			spoilt.Sets = []sdk.FitSet{{Images: fitTable(root, "fit_images"), Labels: fitTable(root, labels.name)}}
			_, err := fit(labels.name, spoilt)
			if err := refusal(err); err != nil {
				return fmt.Errorf("labels %s: %w", labels.why, err)
			}
			if checkpoint != filepath.Join(root, "second") {
				return fmt.Errorf("labels %s are learnt from: refuse them", labels.why)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Checkpoint = checkpoint
	return with(ctx, c, r, func(in *client.Instance) error {
		if err := answer(ctx, in, one); err != nil {
			return fmt.Errorf("opened from the checkpoint that it wrote: %w", err)
		}
		return nil
	})
}

// fitTable is the path of one of fitTables, copied under root.
func fitTable(root, name string) string { return filepath.Join(root, "testdata", name+".parquet") }

// fitJob is the case's job, about the kit's own tables under root if it has none.
func (c Case) fitJob(root string) sdk.FitRequest {
	job := *c.Fit
	if len(job.Sets) == 0 {
		set := sdk.FitSet{Images: fitTable(root, "fit_images")}
		if c.Kind == sdk.KindReward {
			set.Labels = fitTable(root, "fit_labels")
		}
		job.Sets = []sdk.FitSet{set}
	}
	return job
}

// checkFitTexts: the same images and labels give the same texts, in the same
// order; that each is there once is checked where they arrive.
func checkFitTexts(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	root, err := os.MkdirTemp("", "plumb-check-fit-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	if err := os.CopyFS(root, fitTables); err != nil {
		return err
	}
	r.Checkpoint = ""
	return with(ctx, c, r, func(in *client.Instance) error {
		first, err := in.FitTexts(ctx, one.fitJob(root))
		if err != nil {
			return err
		}
		second, err := in.FitTexts(ctx, one.fitJob(root))
		if err != nil {
			return fmt.Errorf("list texts again: %w", err)
		}
		if !slices.Equal(first, second) {
			return fmt.Errorf("for the same request it lists the texts %q and then %q", first, second)
		}
		return nil
	})
}

// refusal checks that an error tells the user what to do. No error is none of
// its business.
func refusal(err error) error {
	var failure *client.Failure
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &failure):
		return fmt.Errorf("they are not refused, but: %w", err)
	}
	for _, d := range failure.Diagnostics {
		if strings.Contains(d.Summary, "panicked") {
			return fmt.Errorf("the component panics: %w", err)
		}
		if d.Severity == sdk.SeverityError && d.Detail == "" {
			return fmt.Errorf("they are refused with %q and without a detail that says what to do: return an sdk.Diagnostic", d.Summary)
		}
	}
	return nil
}

// answer asks an instance about the case's images, whatever its kind.
func answer(ctx context.Context, in *client.Instance, one Case) error {
	items := sequence(one.items())
	switch one.Kind {
	case sdk.KindReward:
		return in.Score(ctx, items, func(int, sdk.Score) error { return nil })
	case sdk.KindRater:
		return in.Rate(ctx, items, func(int, []sdk.Label) error { return nil })
	case sdk.KindEncoder:
		return in.EncodeImages(ctx, items, func(int, []float32) error { return nil })
	}
	return fmt.Errorf("a %s is not fitted", one.Kind)
}
