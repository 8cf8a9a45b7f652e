package stage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"math/rand/v2"
	"slices"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// perturb changes some images of a table in every way that is asked for. A changed
// image depends on the image, the change and the stage's seed alone.
func perturb(ctx context.Context, job Job, work *plan.PerturbWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	images, err := table.Captions(ctx, path)
	if err != nil {
		return nil, err
	}
	if len(images) == 0 {
		return nil, job.noImages()
	}
	kept := spreadOverPrompts(images, job.Node.Seed, work.Images)
	others := newOtherPrompts(images, job.Node.Seed)
	writer, err := table.NewWriter[table.Image](job.tablePath(plan.Images))
	if err != nil {
		return nil, err
	}
	row, rows := -1, 0
	for original, err := range table.Read[table.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		if row++; err == nil && kept[row] {
			var pixels imaging.Image
			if pixels, err = imaging.Decode(original.Image.Bytes, imaging.Exchanged); err != nil {
				err = fmt.Errorf("image %q: %w", original.ID, err)
			}
			for _, change := range work.Perturbations {
				if err != nil {
					break
				}
				changed := original
				changed.ID = change.Image(original.ID)
				changed.Image.Path = changed.ID + ".png"
				if change.How == plan.PerturbPrompt {
					other, ok := others.of(original)
					if !ok {
						continue
					}
					changed.Prompt, changed.Category, changed.Split, changed.Slots = other.Prompt, other.Category, other.Split, other.Slots
				} else if changed.Image.Bytes, err = perturbedPixels(pixels, change, job.Node.Seed, original.ID); err != nil {
					err = fmt.Errorf("image %q: %w", changed.ID, err)
					break
				}
				if err = writer.Write(changed); err == nil {
					rows++
					job.Report(Progress{Done: rows, Total: work.Changed, Unit: "images"})
				}
			}
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("perturb images: %w", err), writer.Discard())
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	result := &Result{Items: rows, Unit: "images"}
	return result, job.table(result, plan.Images, rows)
}

// spreadOverPrompts marks so many of the images: the first of each prompt in the order
// of a random subset, then the second of each, and so on. Fewer images are a part of
// more.
func spreadOverPrompts(images []table.Image, seed uint64, count int) []bool {
	taken := map[samePrompt]int{}
	turns := make([]int, len(images)) // of each image among those of its prompt
	order := byPriority(images, seed)
	for _, position := range order {
		at := promptOf(images[position])
		turns[position] = taken[at]
		taken[at]++
	}
	slices.SortStableFunc(order, func(a, b int) int { return turns[a] - turns[b] })
	kept := make([]bool, len(images))
	for _, position := range order[:min(count, len(order))] {
		kept[position] = true
	}
	return kept
}

// otherPrompts knows for every image a prompt that it was not drawn for.
type otherPrompts struct {
	seed       uint64
	all        []table.Image // an image of each prompt, in the order of the table
	byCategory map[string][]table.Image
}

func newOtherPrompts(images []table.Image, seed uint64) otherPrompts {
	o := otherPrompts{seed: seed, byCategory: map[string][]table.Image{}}
	known := map[string]bool{}
	for _, image := range images {
		if !known[image.Prompt] { // by its text alone: the same words in another category are no other prompt
			known[image.Prompt] = true
			o.all = append(o.all, image)
			o.byCategory[image.Category] = append(o.byCategory[image.Category], image)
		}
	}
	return o
}

// of returns an image of another prompt, of the same category if that has several; ok
// is false if there is no other prompt.
func (o otherPrompts) of(image table.Image) (other table.Image, ok bool) {
	for _, among := range [][]table.Image{o.byCategory[image.Category], o.all} {
		among = slices.DeleteFunc(slices.Clone(among), func(other table.Image) bool { return other.Prompt == image.Prompt })
		if len(among) > 0 {
			return among[plan.SubsetPriority(o.seed, "other prompt of "+image.ID)%uint64(len(among))], true
		}
	}
	return table.Image{}, false
}

// middleGrey is the value of every byte of a blank image.
const middleGrey = 128

// perturbedPixels is a changed image as a file.
func perturbedPixels(pixels imaging.Image, change plan.Perturbation, seed uint64, id string) ([]byte, error) {
	changed := imaging.Image{Width: pixels.Width, Height: pixels.Height, RGB: make([]byte, len(pixels.RGB))}
	switch change.How {
	case plan.PerturbBlank:
		for i := range changed.RGB {
			changed.RGB[i] = middleGrey
		}
	case plan.PerturbNoise:
		var key [32]byte
		binary.BigEndian.PutUint64(key[:], plan.SubsetPriority(seed, "noise of "+id))
		rand.NewChaCha8(key).Read(changed.RGB)
	case plan.PerturbJPEG:
		var file bytes.Buffer
		if err := jpeg.Encode(&file, pixels.Picture(), &jpeg.Options{Quality: change.Amount}); err != nil {
			return nil, err
		}
		var err error
		if changed, err = imaging.Decode(file.Bytes(), imaging.Foreign); err != nil {
			return nil, err
		}
	case plan.PerturbResize:
		width, height := max(1, pixels.Width*change.Amount/100), max(1, pixels.Height*change.Amount/100)
		changed = imaging.Bilinear.Resize(imaging.Bilinear.Resize(pixels, width, height), pixels.Width, pixels.Height)
	case plan.PerturbFlip:
		const channels = 3
		for y := range pixels.Height {
			for x := range pixels.Width {
				from, to := channels*(y*pixels.Width+x), channels*(y*pixels.Width+pixels.Width-1-x)
				copy(changed.RGB[to:to+channels], pixels.RGB[from:from+channels])
			}
		}
	default:
		return nil, fmt.Errorf("images cannot be changed by %q", change.How)
	}
	return imaging.EncodeStored(changed)
}
