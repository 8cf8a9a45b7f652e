package schema

import (
	"fmt"
	"slices"
)

// Input is the size that a component wants its images in. The host resizes before it
// sends them, once for all that a component does; what Fit reads from tables is as it is.
// It is part of what results depend on.
type Input struct {
	Width  int    `json:"width"`  // pixels
	Height int    `json:"height"` // pixels
	Filter Filter `json:"filter"`
	Aspect Aspect `json:"aspect"`
}

// String reads "224 x 224, bicubic, crop".
func (i Input) String() string {
	return fmt.Sprintf("%d x %d, %s, %s", i.Width, i.Height, i.Filter, i.Aspect)
}

// Filter is what the pixels around a place are weighed with, by the name that Pillow
// has for it, and to the same bytes. All but Nearest are widened where an image shrinks.
type Filter string

// The filters.
const (
	Nearest  Filter = "nearest"
	Box      Filter = "box"
	Bilinear Filter = "bilinear"
	Bicubic  Filter = "bicubic"
)

// Filters returns all filters.
func Filters() []Filter { return []Filter{Nearest, Box, Bilinear, Bicubic} }

// Aspect is what becomes of an image's shape.
type Aspect string

// The aspects.
const (
	Squash Aspect = "squash" // it is given up: both sides are scaled by themselves
	// Crop keeps it: the image is resized so that it just covers width and height, its
	// longer side rounded down, and the middle is cut out; an odd rest goes at the right
	// and below. It is CLIP's, and that of torchvision's Resize and CenterCrop.
	Crop Aspect = "crop"
)

// Aspects returns all aspects.
func Aspects() []Aspect { return []Aspect{Squash, Crop} }

// mostSide bounds the size that a component may ask for, in pixels.
const mostSide = 4096

// mistakes finds what is wrong with the input of a component.
func (i *Input) mistakes(of Component) (out []string) {
	if i == nil {
		return nil
	}
	add := func(format string, arguments ...any) { out = append(out, fmt.Sprintf(format, arguments...)) }
	if of.Kind == Sampler {
		add("says what size of images it gets, and a sampler gets none")
	} else if of.Kind == Reward && !of.DoesRead(ReadPixels) {
		add("says what size of images it gets, and does not read %q", ReadPixels)
	}
	for name, side := range map[string]int{"width": i.Width, "height": i.Height} {
		if side < 1 || side > mostSide {
			add("gets images with the %s %d: it may be 1 to %d", name, side, mostSide)
		}
	}
	if !slices.Contains(Filters(), i.Filter) {
		add("gets images resized by an unknown filter, %q: it may be %v", i.Filter, Filters())
	}
	if !slices.Contains(Aspects(), i.Aspect) {
		add("gets images of an unknown aspect, %q: it may be %v", i.Aspect, Aspects())
	}
	slices.Sort(out)
	return out
}
