package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// album makes a folder of n images and the node that imports it.
func album(t *testing.T, n int) (string, *plan.Node) {
	t.Helper()
	dir := t.TempDir()
	var metadata strings.Builder
	for i := range n {
		paint(t, dir, i, byte(i))
		fmt.Fprintf(&metadata, "{\"file_name\": \"%03d.png\", \"text\": \"picture %d\", \"category\": \"color\"}\n", i, i%3)
	}
	if err := os.WriteFile(filepath.Join(dir, "metadata.jsonl"), []byte(metadata.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	folder := imagefolder.Folder{Path: dir}
	inventory, err := folder.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	work := &plan.ImportWork{Folder: folder, Digest: inventory.Digest, Images: inventory.Images}
	return dir, &plan.Node{Name: "import/x", Kind: record.KindImport, Work: work}
}

func paint(t *testing.T, dir string, i int, red byte) {
	t.Helper()
	content, err := imaging.EncodePNG(sdk.Image{Width: 2, Height: 1, RGB: []byte{red, 1, 2, 3, 4, 5}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.png", i)), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestImport(t *testing.T) {
	b := newBench(t)
	_, node := album(t, 150)
	first := b.run(node, tile{}, nil)
	images := rows[table.Image](b, first.Outputs[plan.Images])
	if len(images) != 150 || first.Items != 150 {
		t.Fatalf("%d images, %d items", len(images), first.Items)
	}
	if i := images[7]; i.ID != "007.png" || i.Prompt != "picture 1" || i.Category != "color" || i.Split != "seen" || i.Index != 2 {
		t.Errorf("image %+v", i)
	}
	// The table depends on what is in the folder, not on where it is or when.
	_, again := album(t, 150)
	if b.run(again, tile{}, nil).Outputs[plan.Images].Digest != first.Outputs[plan.Images].Digest {
		t.Error("the same images make another table")
	}
	// It is read as drawn images are.
	path := b.path(first.Outputs[plan.Images])
	scores := rows[table.Score](b, b.run(scoreNode(), tile{score: func(item sdk.Item) float64 { return float64(item.ID[2]) }}, map[string]string{plan.Images: path}).Outputs[plan.Scores])
	if len(scores) != 150 || scores[7].ImageID != "007.png" {
		t.Errorf("%d scores", len(scores))
	}
}

// TestImportIsOfWhatWasPlanned: a table of other images must not get the key of
// those that were planned.
func TestImportIsOfWhatWasPlanned(t *testing.T) {
	b := newBench(t)
	dir, node := album(t, 3)
	paint(t, dir, 1, 77)
	_, err := b.try(node, tile{}, "", nil)
	var mistakes diag.List
	if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), "changed since the run was planned") {
		t.Errorf("a folder that has changed: %v", err)
	}
}

func TestImportMistakes(t *testing.T) {
	b := newBench(t)
	dir, node := album(t, 5)
	for _, name := range []string{"001.png", "003.png"} {
		if err := os.Truncate(filepath.Join(dir, name), 40); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.try(node, tile{}, "", nil)
	var mistakes diag.List
	if !errors.As(err, &mistakes) || len(mistakes) != 2 {
		t.Fatalf("two broken images: %v", err)
	}
	for i, line := range []int{2, 4} {
		if at := mistakes[i].Subject; at.File != filepath.Join(dir, "metadata.jsonl") || at.Start.Line != line {
			t.Errorf("mistake %d is at %s:%d", i, at.File, at.Start.Line)
		}
	}
}

func TestImportStops(t *testing.T) {
	b := newBench(t)
	_, node := album(t, 200)
	work, err := b.store.Work("key")
	if err != nil {
		t.Fatal(err)
	}
	defer work.Discard()
	ctx, cancel := context.WithCancel(t.Context())
	job := Job{Node: node, Outputs: work, Scratch: t.TempDir(), Report: func(p Progress) {
		if p.Done == 1 {
			cancel()
		}
	}}
	if _, err := Run(ctx, job); !errors.Is(err, context.Canceled) {
		t.Errorf("after a cancel: %v", err)
	}
}

// TestRateFromALargeFile: as many labels as the paper has.
func TestRateFromALargeFile(t *testing.T) {
	const count = 27_000
	b := newBench(t)
	dir := t.TempDir()
	writer, err := table.NewWriter[table.Image](filepath.Join(dir, "images.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	var labels strings.Builder
	labels.WriteString("image_id,rater,label\n")
	for i := range count {
		id := fmt.Sprintf("train/%05d.jpg", i)
		if err := writer.Write(table.Image{ID: id, Prompt: fmt.Sprint("prompt ", i%180), Category: "color", Split: "seen"}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&labels, "%s,%d,%s\n", id, i%40, []string{"good", "bad", "skip"}[i%3])
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "labels.csv")
	if err := os.WriteFile(path, []byte(labels.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	node := &plan.Node{Name: "rate/x", Kind: record.KindRate, Work: &plan.RateWork{Fraction: 1, Path: path, Images: count}}
	result := b.run(node, tile{}, map[string]string{plan.Images: filepath.Join(dir, "images.parquet")})
	got := rows[table.Label](b, result.Outputs[plan.Labels])
	if len(got) != count || result.Items != count || got[26_999].ImageID != "train/26999.jpg" || got[26_999].Label != "skip" || got[26_999].Rater != "39" {
		t.Errorf("%d labels of %d images, the last %+v", len(got), result.Items, got[len(got)-1])
	}
	half := &plan.Node{Name: "rate/x", Kind: record.KindRate, Work: &plan.RateWork{Fraction: 0.5, Path: path, Images: count}}
	if got := b.run(half, tile{}, map[string]string{plan.Images: filepath.Join(dir, "images.parquet")}); got.Items != (count+1)/2 {
		t.Errorf("half of the images: %d", got.Items)
	}
}
