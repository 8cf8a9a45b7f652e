package conformance

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// imageTable is what Precompute is tried on: an image table of six images of 24 x
// 16, 16 x 24 and 32 x 32 pixels with four captions, one of them empty.
//
//go:embed testdata/images.parquet
var imageTable []byte

// imagesInTable is the number of its rows.
const imagesInTable = 6

// checkPrecompute: the same images give the same bytes, also after a call that was
// cancelled, and every image is reported.
func checkPrecompute(ctx context.Context, c Plugin, r client.OpenRequest, one Case) error {
	directory, err := os.MkdirTemp("", "plumb-precompute-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	table := filepath.Join(directory, "images.parquet")
	if err := os.WriteFile(table, imageTable, 0o444); err != nil {
		return err
	}
	request := func(output, scratch string) (sdk.PrecomputeRequest, error) {
		p := sdk.PrecomputeRequest{Images: table, Seed: 1, Output: filepath.Join(directory, output), Scratch: filepath.Join(directory, scratch)}
		return p, errors.Join(os.MkdirAll(p.Output, 0o755), os.MkdirAll(p.Scratch, 0o755))
	}
	return with(ctx, c, r, func(in *client.Instance) error {
		precompute := func(ctx context.Context, output, scratch string) (map[string][]byte, error) {
			p, err := request(output, scratch)
			if err != nil {
				return nil, err
			}
			var last sdk.Progress
			if err := in.Precompute(ctx, p, func(progress sdk.Progress) error {
				if progress.Step < last.Step {
					return fmt.Errorf("it reports image %d after image %d", progress.Step, last.Step)
				}
				last = progress
				return nil
			}); err != nil {
				return nil, err
			}
			if last.Step != imagesInTable || last.Steps != imagesInTable {
				return nil, fmt.Errorf("its last report is of image %d of %d, the table has %d", last.Step, last.Steps, imagesInTable)
			}
			return contents(p.Output)
		}
		first, err := precompute(ctx, "first", "scratch 1")
		if err != nil {
			return err
		}
		if len(first) == 0 {
			return errors.New("Precompute leaves its output empty")
		}
		second, err := precompute(ctx, "second", "scratch 2")
		if err != nil {
			return fmt.Errorf("precompute again: %w", err)
		}
		if difference := differing(first, second); difference != "" {
			return fmt.Errorf("precomputed again, the same images give something else: %s", difference)
		}

		// Cancelled at its first report, and asked again with what that left.
		cancelling, cancel := context.WithCancel(ctx)
		defer cancel()
		p, err := request("third", "scratch 3")
		if err != nil {
			return err
		}
		// A component may have been done by the time that it hears of it.
		err = in.Precompute(cancelling, p, func(sdk.Progress) error {
			cancel()
			return nil
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("a cancelled call does not end as cancelled: %w", err)
		}
		waiting, stop := context.WithTimeout(ctx, one.Patience)
		defer stop()
		started := time.Now()
		third, err := precompute(waiting, "fourth", "scratch 3")
		if err != nil {
			return fmt.Errorf("precompute after a cancelled call: %w (after %v; a component must watch its context)", err, time.Since(started).Round(time.Millisecond))
		}
		if difference := differing(first, third); difference != "" {
			return fmt.Errorf("precomputed after a cancelled call, the same images give something else: %s", difference)
		}
		return nil
	})
}
