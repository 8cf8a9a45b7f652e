package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// mosaics are tiles whose tuning reads the mean colour of images, not their
// pixels.
type mosaics struct{ *tiles }

var (
	_ sdk.Precomputer = mosaics{}
	_ sdk.Tuner       = mosaics{}
)

func openMosaics(ctx context.Context, r sdk.OpenRequest) (any, error) {
	t := &tiles{CrashAt: -1}
	if err := json.Unmarshal(r.Config, t); err != nil {
		return nil, err
	}
	if r.Checkpoint != "" {
		w, err := readWeights(filepath.Join(r.Checkpoint, "weights.json"))
		if err != nil {
			return nil, err
		}
		t.bias = w.Value
	}
	return mosaics{t}, nil
}

// Precompute writes a file for each image, in the scratch directory until all are
// there.
func (m mosaics) Precompute(ctx context.Context, r sdk.PrecomputeRequest, report func(sdk.Progress) error) error {
	total, err := table.Rows(r.Images)
	if err != nil {
		return err
	}
	n := 0
	for image, err := range table.Read[table.Image](r.Images) {
		if err != nil {
			return err
		}
		path := filepath.Join(r.Scratch, fmt.Sprintf("%04d.json", n))
		kept, err := sealed.Find(path)
		if errors.As(err, new(*sealed.Damaged)) {
			sdk.Repaired(ctx, path+" is damaged, and made again.")
		} else if err != nil {
			return err
		}
		if kept == "" {
			time.Sleep(time.Duration(m.DelayMS) * time.Millisecond)
			picture, err := imaging.Decode(image.Image.Bytes, imaging.Exchanged)
			if err != nil {
				return err
			}
			if err := errors.Join(writeWeights(path, weights{Step: n, Value: meanOf(picture)[0]}), sealed.Seal(path)); err != nil {
				return err
			}
		}
		n++
		if err := report(sdk.Progress{Step: n, Steps: total}); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	for i := range n {
		name := fmt.Sprintf("%04d.json", i)
		kept, err := sealed.Find(filepath.Join(r.Scratch, name))
		if err == nil {
			err = os.Rename(kept, filepath.Join(r.Output, name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Tune is that of tiles; it starts from the mean redness of what was precomputed.
func (m mosaics) Tune(ctx context.Context, r sdk.TuneRequest, report func(sdk.Progress) error) error {
	var sum, n float64
	for _, loss := range r.Losses {
		for _, set := range loss.Sets {
			files, err := filepath.Glob(filepath.Join(set.Precomputed, "*.json"))
			if err != nil {
				return err
			}
			if rows, err := table.Rows(set.Images); err != nil || rows != len(files) {
				return fmt.Errorf("loss %s has %d images, %d are precomputed, %v", loss.Name, rows, len(files), err)
			}
			for _, file := range files {
				w, err := readWeights(file)
				if err != nil {
					return err
				}
				sum, n = sum+w.Value, n+1
			}
		}
	}
	optimizer, err := train.ReadOptimizer(r.Optimizer)
	if err != nil {
		return err
	}
	optimizer.LearningRate *= sum / n
	r.Optimizer = optimizer.JSON()
	return m.tiles.Tune(ctx, r, report)
}
