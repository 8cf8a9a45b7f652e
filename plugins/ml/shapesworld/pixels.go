package shapesworld

import (
	"math"

	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
)

// patchSide is the width and height of a patch in pixels.
const patchSide = Size / patchnet.Grid

// imageValues is the number of values of an image: 64 patches of 48.
const imageValues = patchnet.Grid * patchnet.Grid * patchnet.PatchValues

// ToPatches converts an image, [32, 32, 3] of bytes, to the networks' input, [64, 48]
// from -1 to 1.
func ToPatches(rgb []byte, out []float32) {
	at := 0
	for py := range patchnet.Grid {
		for px := range patchnet.Grid {
			for y := range patchSide {
				row := ((py*patchSide+y)*Size + px*patchSide) * 3
				for _, v := range rgb[row : row+patchSide*3] {
					out[at] = float32(v)/127.5 - 1
					at++
				}
			}
		}
	}
}

// FromPatches is the reverse of ToPatches, rounded and cut to bytes.
func FromPatches(values []float32) []byte {
	rgb := make([]byte, Size*Size*3)
	at := 0
	for py := range patchnet.Grid {
		for px := range patchnet.Grid {
			for y := range patchSide {
				row := ((py*patchSide+y)*Size + px*patchSide) * 3
				for i := range patchSide * 3 {
					v := math.Round((float64(values[at]) + 1) * 127.5)
					rgb[row+i] = byte(math.Max(0, math.Min(255, v)))
					at++
				}
			}
		}
	}
	return rgb
}
