package conformance

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

var update = flag.Bool("update", false, "write testdata/images.parquet anew")

// TestImageTable: the table that plugins are tried on is one that stages write.
func TestImageTable(t *testing.T) {
	var rows []table.Image
	captions := []string{"a red circle", "", "two blue squares", "a red circle", "three stars", "a red circle"}
	for i, caption := range captions {
		width, height := []int{24, 16, 32}[i%3], []int{16, 24, 32}[i%3]
		state := uint32(i + 1)
		rgb := make([]byte, 3*width*height)
		for j := range rgb {
			state = state*1664525 + 1013904223
			rgb[j] = byte(state >> 24)
		}
		png, err := imaging.EncodePNG(imaging.Image{Width: width, Height: height, RGB: rgb})
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("noise/%04d/000", i)
		rows = append(rows, table.Image{ID: id, Image: table.File{Path: id + ".png", Bytes: png}, Prompt: caption, Category: "noise", Split: "seen"})
	}
	path := filepath.Join(t.TempDir(), "images.parquet")
	if *update {
		path = "testdata/images.parquet"
	}
	if err := table.WriteAll(path, rows); err != nil {
		t.Fatal(err)
	}
	read, err := table.ReadAll[table.Image]("testdata/images.parquet")
	if err != nil || len(read) != imagesInTable {
		t.Fatalf("%d rows, %v", len(read), err)
	}
	for i, row := range read {
		if row.ID != rows[i].ID || row.Prompt != rows[i].Prompt || !bytes.Equal(row.Image.Bytes, rows[i].Image.Bytes) {
			t.Errorf("row %d is %q, %q", i, row.ID, row.Prompt)
		}
	}
}

// precomputing is a sampler that precomputes images by copying their pixels, with
// the mistakes that a test asks for.
type precomputing struct {
	honest
	drifting bool // other bytes each time
	silent   bool // reports nothing
	stale    bool // takes what a cancelled call left for finished
	empty    bool // writes nothing
	calls    int
}

var _ sdk.Precomputer = (*precomputing)(nil)

func (p *precomputing) Precompute(ctx context.Context, r sdk.PrecomputeRequest, report func(sdk.Progress) error) error {
	p.calls++
	total, err := table.Rows(r.Images)
	if err != nil {
		return err
	}
	unfinished := filepath.Join(r.Scratch, "pixels")
	if _, err := os.Stat(unfinished); err == nil && p.stale {
		if err := report(sdk.Progress{Step: total, Steps: total}); err != nil {
			return err
		}
		return os.Rename(unfinished, filepath.Join(r.Output, "pixels"))
	}
	var pixels []byte
	step := 0
	for row, err := range table.Read[table.Image](r.Images) {
		if err != nil {
			return err
		}
		picture, err := imaging.Decode(row.Image.Bytes, imaging.Exchanged)
		if err != nil {
			return err
		}
		pixels = append(pixels, picture.RGB...)
		if p.drifting {
			pixels[0] = byte(p.calls)
		}
		if p.stale {
			if err := os.WriteFile(unfinished, pixels, 0o644); err != nil {
				return err
			}
		}
		step++
		if p.silent {
			continue
		}
		if err := report(sdk.Progress{Step: step, Steps: total}); err != nil {
			return err
		}
		if p.stale && p.calls == 3 {
			<-ctx.Done() // so that the cancelled call surely is unfinished
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if p.empty {
		return nil
	}
	return errors.Join(os.WriteFile(filepath.Join(r.Output, "pixels"), pixels, 0o644), os.RemoveAll(unfinished))
}

func TestPrecompute(t *testing.T) {
	for name, test := range map[string]struct {
		sampler precomputing
		want    string // a part of the error; empty: it passes
	}{
		"honest":   {precomputing{}, ""},
		"drifting": {precomputing{drifting: true}, "precomputed again, the same images give something else: pixels"},
		"silent":   {precomputing{silent: true}, "image 0 of 0"},
		"stale":    {precomputing{stale: true}, "after a cancelled call, the same images give something else: pixels"},
		"empty":    {precomputing{empty: true}, "output empty"},
	} {
		t.Run(name, func(t *testing.T) {
			component := sdk.Component{Description: sdk.Description{Kind: sdk.KindSampler, Name: "x", Capabilities: []sdk.Capability{sdk.CapabilityPrecompute}}, Open: opening(&test.sampler)}
			says(t, component, "precompute", test.want)
		})
	}
	says(t, sdk.Component{Description: sdk.Description{Kind: sdk.KindSampler, Name: "x", Capabilities: []sdk.Capability{sdk.CapabilityPrecompute}}, Open: opening(honest{})}, "precompute", "no method")
}

// says runs one check on a component and looks at its error.
func says(t *testing.T, component sdk.Component, name, want string) {
	t.Helper()
	p := sdk.Plugin{Name: "p", Version: "1", Components: []sdk.Component{component}}
	one := Case{Kind: component.Kind, Component: component.Name}
	request, err := openRequest(described(p, one), one)
	if err != nil {
		t.Fatal(err)
	}
	c := serve(t, p)
	for _, check := range Checks(described(p, one), one) {
		if check.Name != name {
			continue
		}
		err := check.run(t.Context(), c, request, one.filled(described(p, one)))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
		return
	}
	t.Fatalf("there is no check %q", name)
}
