package imagefolder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/plumb-ml/plumb/plugins/sdk/gitlfs"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

const (
	// imported is how many images are decoded side by side, or fewer if they
	// are large together: this many pixels, this many bytes of files.
	imported       = 64
	importedPixels = imaging.MaxPixels
	importedBytes  = largestFile
)

// Read hands on the images, in the order of the metadata, as rows of an images
// table: PNG of 8-bit RGB. Few are in memory at a time. The inventory's digest
// is of what was read, so it tells whether that is what Scan saw.
//
// All images are looked at even if some are wrong; the mistakes are a
// diag.List.
func (f Folder) Read(ctx context.Context, emit func(table.Image) error) (Inventory, error) {
	r, err := f.open(ctx, nil)
	if err != nil {
		return Inventory{}, err
	}
	defer r.close()
	b := &batch{folder: r, emit: emit}
	return r.run(false, b.add, b.flush)
}

// batch is images that are decoded at once.
type batch struct {
	*folder
	emit    func(table.Image) error
	entries []*entry
	pixels  int
	bytes   int
}

// add reads an image's file, and decodes those that were waiting if that is too
// much.
func (b *batch) add(e *entry) error {
	wrong := func(detail string) error {
		return b.problem(e.where, b.called(e)+" cannot be read", detail)
	}
	if e.file != "" {
		if err := b.load(e); err != nil {
			return wrong(err.Error() + ".")
		}
	}
	width, height, err := imaging.Size(e.image, imaging.Foreign)
	if err != nil {
		return wrong(undecodable(err))
	}
	if len(b.entries) >= imported || b.pixels+width*height > importedPixels || b.bytes+len(e.image) > importedBytes {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.entries = append(b.entries, e)
	b.pixels += width * height
	b.bytes += len(e.image)
	return nil
}

// load reads the file of an image and takes its digest.
func (b *batch) load(e *entry) error {
	file, err := b.root.Open(e.file)
	if err != nil {
		return err
	}
	defer file.Close()
	// It may have grown since it was looked at.
	e.image, err = io.ReadAll(io.LimitReader(file, largestFile+1))
	if err == nil && len(e.image) > largestFile {
		err = fmt.Errorf("it has more than %d MiB", largestFile>>20)
	}
	sum := sha256.Sum256(e.image)
	e.digest = hex.EncodeToString(sum[:])
	return err
}

// flush decodes what waits and hands it on in order.
func (b *batch) flush() error {
	contents := make([][]byte, len(b.entries))
	failures := make([]error, len(b.entries))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range b.entries {
		group.Go(func() error {
			contents[i], failures[i] = b.prepare(e.image)
			return nil
		})
	}
	group.Wait()
	for i, e := range b.entries {
		if failures[i] != nil {
			if err := b.problem(e.where, b.called(e)+" cannot be read", undecodable(failures[i])); err != nil {
				return err
			}
			continue
		}
		b.note(e)
		if b.problems != nil {
			continue // there will be no table: only further mistakes are of interest
		}
		image := b.image(e)
		image.Image.Bytes = contents[i]
		if err := b.emit(image); err != nil {
			return err
		}
	}
	clear(b.entries)
	b.entries, b.pixels, b.bytes = b.entries[:0], 0, 0
	return b.ctx.Err()
}

// undecodable says why an image cannot be read, and what to do.
func undecodable(err error) string {
	var kind *imaging.KindError
	var large *imaging.SizeError
	switch {
	case errors.As(err, &large):
		return fmt.Sprintf("Its header says that %v. Make the image smaller, or remove it.", large)
	case errors.As(err, &kind):
		return fmt.Sprintf("The file is not read: %v. Save the image as PNG, or remove its line.", kind)
	case errors.Is(err, gitlfs.Error{}):
		return fmt.Sprintf("The file is not here: %v.", gitlfs.Error{})
	}
	return fmt.Sprintf("%v: the file is cut short or damaged. Replace it, or remove its line.", err)
}

// prepare makes an image file the PNG that stages exchange: 8-bit RGB, stored, of the
// folder's size. What was deflated is not deflated again: it is read here once, and
// by every stage that follows.
func (f Folder) prepare(content []byte) ([]byte, error) {
	picture, err := imaging.Decode(content, imaging.Foreign)
	if err != nil {
		return nil, err
	}
	right := f.Width == 0 || picture.Width == f.Width && picture.Height == f.Height
	switch {
	case right:
	case f.Stretch:
		picture = imaging.Bicubic.Resize(picture, f.Width, f.Height)
	default:
		picture = imaging.Cover(picture, f.Width, f.Height)
	}
	return imaging.EncodeStored(picture)
}
