package imaging

import (
	"math"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Bicubic resizes an image with the bytes of Pillow's BICUBIC: Keys' cubic
// convolution with a = -1/2 (Keys 1981), widened by the scale where the image
// shrinks so that nothing aliases, in fixed point, first along rows, rounded to
// bytes, and then along columns.
func Bicubic(image sdk.Image, width, height int) sdk.Image {
	to := size{height, width}
	return resize(image, to, 0, 0, to)
}

// resize is the part of the resized image that begins at top and left. No more
// is worked out: an image can be so narrow that the whole would not fit into
// memory.
func resize(image sdk.Image, to size, top, left int, part size) sdk.Image {
	return filter{2, cubic}.resize(image, to, top, left, part)
}

// filter is what values are weighed with.
type filter struct {
	reach float64 // on either side, at scale 1
	at    func(x float64) float64
}

// resize is as the function of that name.
func (f filter) resize(image sdk.Image, to size, top, left int, part size) sdk.Image {
	columns := f.weigh(image.Width, to.width, left, part.width)
	rows := f.weigh(image.Height, to.height, top, part.height)
	above := rows[0].first
	end := rows[len(rows)-1].end()
	image = alongRows(image, columns, above, end)
	return alongColumns(image, rows, above)
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

// fraction is the number of bits behind the point of a weight: 8 bits of a byte
// and 2 of head room are left of 32.
const fraction = 32 - 8 - 2

// window is where a value of the result comes from: weights of the values from
// first on.
type window struct {
	first   int
	weights []int32
}

func (w window) end() int { return w.first + len(w.weights) }

// weigh makes the windows of count values, from start on, for a resize of one
// axis. Where the length stays, a value comes from itself alone.
func (f filter) weigh(from, to, start, count int) []window {
	scale := float64(from) / float64(to)
	wide := max(scale, 1) // the kernel's
	windows := make([]window, count)
	for i := range windows {
		if from == to {
			windows[i] = window{start + i, []int32{1 << fraction}}
			continue
		}
		center := (float64(start+i) + 0.5) * scale
		first := max(0, int(center-f.reach*wide+0.5))
		end := min(from, int(center+f.reach*wide+0.5))
		weights := make([]float64, end-first)
		var sum float64
		for j := range weights {
			weights[j] = f.at((float64(first+j) - center + 0.5) / wide)
			sum += weights[j]
		}
		fixed := make([]int32, len(weights))
		for j, w := range weights {
			fixed[j] = int32(math.Round(w / sum * (1 << fraction)))
		}
		windows[i] = window{first, fixed}
	}
	return windows
}

// alongRows resizes the rows from above to end: [height, width, 3] ->
// [end - above, len(windows), 3].
func alongRows(image sdk.Image, windows []window, above, end int) sdk.Image {
	height, stride := end-above, image.Width*channels
	out := sdk.Image{Width: len(windows), Height: height, RGB: make([]byte, 0, height*len(windows)*channels)}
	for y := above; y < end; y++ {
		row := image.RGB[y*stride:][:stride]
		for _, w := range windows {
			from := row[w.first*channels:]
			for c := range channels {
				sum := half
				for j, weight := range w.weights {
					sum += int32(from[j*channels+c]) * weight
				}
				out.RGB = append(out.RGB, toByte(sum))
			}
		}
	}
	return out
}

// alongColumns resizes columns of an image that lacks the rows above: [height -
// above, width, 3] -> [len(windows), width, 3].
func alongColumns(image sdk.Image, windows []window, above int) sdk.Image {
	stride := image.Width * channels
	out := sdk.Image{Width: image.Width, Height: len(windows), RGB: make([]byte, 0, len(windows)*stride)}
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
