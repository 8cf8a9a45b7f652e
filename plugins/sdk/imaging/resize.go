package imaging

import "math"

// Filter is what the values around a place are weighed with. It is widened by
// the scale where an image shrinks, so that nothing aliases.
type Filter struct {
	reach float64                 // on either side, at scale 1
	at    func(x float64) float64 // nil: the one value at the place
}

// The filters.
var (
	Nearest  = Filter{}            // the value at the place, however an image shrinks
	Box      = Filter{0.5, square} // the mean of what is covered, to whole values
	Bilinear = Filter{1, linear}   // the triangle of linear interpolation
	Bicubic  = Filter{2, cubic}    // Keys' cubic convolution with a = -1/2 (Keys 1981)
)

// Resize resizes an image with the bytes of Pillow: in fixed point, first along
// rows, rounded to bytes, and then along columns.
func (f Filter) Resize(image Image, width, height int) Image {
	return f.Part(image, width, height, 0, 0, width, height)
}

// Part is the part of the image resized to width and height that begins at left
// and top and is partWidth by partHeight large. No more is worked out: an image
// can be so narrow that the whole would not fit into memory.
func (f Filter) Part(image Image, width, height, left, top, partWidth, partHeight int) Image {
	if f.at == nil {
		return pick(image, nearest(image.Width, width, left, partWidth), nearest(image.Height, height, top, partHeight))
	}
	columns := fixed(f.weigh(image.Width, width, left, partWidth))
	rows := fixed(f.weigh(image.Height, height, top, partHeight))
	above := rows[0].first
	end := rows[len(rows)-1].end()
	image = alongRows(image, columns, above, end)
	return alongColumns(image, rows, above)
}

// Crop resizes an image so that it just covers width and height, its shape kept and its
// longer side rounded down, and cuts out the middle; an odd rest is cut off at the right
// and below.
func (f Filter) Crop(image Image, width, height int) Image {
	toWidth, toHeight := width, height
	if wide, high := width*image.Height, height*image.Width; wide > high { // the width decides
		toHeight = wide / image.Width
	} else {
		toWidth = high / image.Height
	}
	return f.Part(image, toWidth, toHeight, (toWidth-width)/2, (toHeight-height)/2, width, height)
}

// Cover resizes an image so that it just covers width and height, its shape
// kept, and cuts out the middle.
func Cover(image Image, width, height int) Image {
	toWidth, toHeight := width, height
	if wide, high := width*image.Height, height*image.Width; wide > high { // the width decides
		toHeight = max(height, int(math.Round(float64(wide)/float64(image.Width))))
	} else {
		toWidth = max(width, int(math.Round(float64(high)/float64(image.Height))))
	}
	return Bicubic.Part(image, toWidth, toHeight, (toWidth-width)/2, (toHeight-height)/2, width, height)
}

// ResizeFloats resizes an image with the numbers of Pillow's BICUBIC in mode "F", of
// each channel by itself: [3, height, width], in the range of bytes and, where
// the filter overshoots, a little beyond it. Sums are in float64; between rows
// and columns, and in the end, they are rounded to float32.
func ResizeFloats(image Image, width, height int) []float32 {
	columns := Bicubic.weigh(image.Width, width, 0, width)
	rows := Bicubic.weigh(image.Height, height, 0, height)
	out := make([]float32, channels*width*height)
	between := make([]float32, image.Height*width)
	for c := range channels {
		for y := range image.Height {
			row := image.RGB[y*image.Width*channels+c:]
			for x, w := range columns {
				var sum float64
				for j, weight := range w.weights {
					sum += float64(row[(w.first+j)*channels]) * weight
				}
				between[y*width+x] = float32(sum)
			}
		}
		plane := out[c*width*height:]
		for y, w := range rows {
			for x := range width {
				var sum float64
				for j, weight := range w.weights {
					sum += float64(between[(w.first+j)*width+x]) * weight
				}
				plane[y*width+x] = float32(sum)
			}
		}
	}
	return out
}

// cubic is Keys' kernel with a = -1/2, its equation 4.
func cubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}

func linear(x float64) float64 { return max(0, 1-math.Abs(x)) }

func square(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

// nearest lists where count values come from, from start on, for a resize of one axis.
// Places are summed up, as Pillow does it, which moves some of them.
func nearest(from, to, start, count int) []int {
	const most = 1 << 22 // steps: what lies further on, of images that are hardly any, is multiplied
	scale := float64(from) / float64(to)
	at := scale * 0.5
	if start > most {
		at += scale * float64(start)
	} else {
		for range start {
			at += scale
		}
	}
	places := make([]int, count)
	for i := range places {
		places[i] = min(int(at), from-1)
		at += scale
	}
	return places
}

// pick takes pixels by their columns and rows.
func pick(image Image, columns, rows []int) Image {
	out := Image{Width: len(columns), Height: len(rows), RGB: make([]byte, 0, channels*len(columns)*len(rows))}
	for _, y := range rows {
		row := image.RGB[y*image.Width*channels:]
		for _, x := range columns {
			out.RGB = append(out.RGB, row[x*channels:][:channels]...)
		}
	}
	return out
}

// window is where a value of the result comes from: weights of the values from
// first on.
type window[W int32 | float64] struct {
	first   int
	weights []W
}

func (w window[W]) end() int { return w.first + len(w.weights) }

// weigh makes the windows of count values, from start on, for a resize of one
// axis. Where the length stays, a value comes from itself alone.
func (f Filter) weigh(from, to, start, count int) []window[float64] {
	scale := float64(from) / float64(to)
	wide := max(scale, 1) // the kernel's
	windows := make([]window[float64], count)
	for i := range windows {
		if from == to {
			windows[i] = window[float64]{start + i, []float64{1}}
			continue
		}
		center := (float64(start+i) + 0.5) * scale
		first := max(0, int(center-f.reach*wide+0.5))
		end := min(from, int(center+f.reach*wide+0.5))
		weights := make([]float64, end-first)
		var sum float64
		for j := range weights {
			weights[j] = f.at((float64(first+j) - center + 0.5) * (1 / wide)) // at a border of the box it matters that Pillow multiplies
			sum += weights[j]
		}
		for j := range weights {
			weights[j] /= sum
		}
		windows[i] = window[float64]{first, weights}
	}
	return windows
}

// fraction is the number of bits behind the point of a weight: 8 bits of a byte
// and 2 of head room are left of 32.
const fraction = 32 - 8 - 2

// fixed turns weights into fixed point.
func fixed(windows []window[float64]) []window[int32] {
	out := make([]window[int32], len(windows))
	for i, w := range windows {
		out[i] = window[int32]{w.first, make([]int32, len(w.weights))}
		for j, weight := range w.weights {
			out[i].weights[j] = int32(math.Round(weight * (1 << fraction)))
		}
	}
	return out
}

// alongRows resizes the rows from above to end: [height, width, 3] ->
// [end - above, len(windows), 3].
func alongRows(image Image, windows []window[int32], above, end int) Image {
	height, stride := end-above, image.Width*channels
	out := Image{Width: len(windows), Height: height, RGB: make([]byte, 0, height*len(windows)*channels)}
	for y := above; y < end; y++ {
		row := image.RGB[y*stride:][:stride]
		for _, w := range windows {
			from := row[w.first*channels:][:len(w.weights)*channels]
			red, green, blue := half, half, half
			for _, weight := range w.weights {
				if len(from) < channels {
					break // never: for the compiler
				}
				red += int32(from[0]) * weight
				green += int32(from[1]) * weight
				blue += int32(from[2]) * weight
				from = from[channels:]
			}
			out.RGB = append(out.RGB, toByte(red), toByte(green), toByte(blue))
		}
	}
	return out
}

// alongColumns resizes columns of an image that lacks the rows above: [height -
// above, width, 3] -> [len(windows), width, 3].
func alongColumns(image Image, windows []window[int32], above int) Image {
	stride := image.Width * channels
	out := Image{Width: image.Width, Height: len(windows), RGB: make([]byte, 0, len(windows)*stride)}
	sums := make([]int32, stride)
	for _, w := range windows {
		for i := range sums {
			sums[i] = half
		}
		for j, weight := range w.weights {
			row := image.RGB[(w.first-above+j)*stride:][:stride]
			for i, v := range row {
				sums[i] += int32(v) * weight
			}
		}
		for _, sum := range sums {
			out.RGB = append(out.RGB, toByte(sum))
		}
	}
	return out
}

// half is what rounds when the fraction is cut off.
const half = int32(1) << (fraction - 1)

// toByte takes the whole part of a fixed-point number, cut to a byte.
func toByte(sum int32) byte { return byte(max(0, min(255, sum>>fraction))) }
