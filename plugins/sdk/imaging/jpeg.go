package imaging

import "image"

// photograph returns a picture as JPEG stores it, luma and chroma, as RGB,
// [height, width, 3], with the bytes of libjpeg: chroma of half the resolution is
// spread by the triangle filter that it calls fancy upsampling, and conversion
// is in its fixed point. Go's own conversion repeats chroma pixels, which puts
// edges of colour elsewhere and shows in distances between sets of images: the
// reference would be of other photographs than everybody else's.
func photograph(p *image.YCbCr) []byte {
	width, height := p.Rect.Dx(), p.Rect.Dy()
	across, down := 1, 1
	switch p.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		across, down = 2, 2
	case image.YCbCrSubsampleRatio422:
		across = 2
	case image.YCbCrSubsampleRatio440:
		down = 2
	case image.YCbCrSubsampleRatio444:
	default: // rare, and repeated by libjpeg too
		return repeated(p)
	}
	chromaWidth, chromaHeight := (width+across-1)/across, (height+down-1)/down
	start := p.COffset(p.Rect.Min.X, p.Rect.Min.Y)
	rgb := make([]byte, 0, 3*width*height)
	cb, cr := make([]byte, width+1), make([]byte, width+1) // of an odd width, one too many
	sums := make([]int, chromaWidth)
	for y := range height {
		near := y / down
		// The row of chroma on the other side of this row of pixels.
		far := near
		if down == 2 {
			far = max(0, min(chromaHeight-1, near-1+2*(y%2)))
		}
		rowOf := func(plane []byte, i int) []byte { return plane[start+i*p.CStride:][:chromaWidth] }
		spread(cb[:chromaWidth*across], rowOf(p.Cb, near), rowOf(p.Cb, far), sums, across, down, y%2)
		spread(cr[:chromaWidth*across], rowOf(p.Cr, near), rowOf(p.Cr, far), sums, across, down, y%2)
		luma := p.Y[p.YOffset(p.Rect.Min.X, p.Rect.Min.Y+y):][:width]
		for x, v := range luma {
			r, g, b := libjpegRGB(int(v), int(cb[x])-128, int(cr[x])-128)
			rgb = append(rgb, r, g, b)
		}
	}
	return rgb
}

// spread makes a row of chroma as wide as the picture. Values are weighed 3 to 1
// with the nearer and the farther neighbour on each axis; what rounds is
// alternated, as libjpeg does, so that there is no bias.
func spread(out, near, far []byte, sums []int, across, down, odd int) {
	if across == 2 && len(near) <= 2 { // too narrow for a filter
		for i, v := range near {
			out[2*i], out[2*i+1] = v, v
		}
		return
	}
	if down == 2 {
		for i := range near {
			sums[i] = 3*int(near[i]) + int(far[i]) // of 4
		}
	} else {
		for i := range near {
			sums[i] = int(near[i])
		}
	}
	last := len(sums) - 1
	switch {
	case across == 1 && down == 1:
		copy(out, near)
	case across == 1:
		for i, s := range sums {
			out[i] = byte((s + 1 + odd) >> 2)
		}
	case down == 1:
		for i, s := range sums {
			out[2*i] = byte((3*s + sums[max(0, i-1)] + 1) >> 2)
			out[2*i+1] = byte((3*s + sums[min(last, i+1)] + 2) >> 2)
		}
	default:
		for i, s := range sums {
			out[2*i] = byte((3*s + sums[max(0, i-1)] + 8) >> 4)
			out[2*i+1] = byte((3*s + sums[min(last, i+1)] + 7) >> 4)
		}
	}
}

// libjpegRGB converts by JFIF's equations in 16-bit fixed point; cb and cr are
// around 0.
func libjpegRGB(y, cb, cr int) (r, g, b byte) {
	const half = 1 << 15
	cut := func(v int) byte { return byte(max(0, min(255, v))) }
	return cut(y + (91881*cr+half)>>16), // 1.40200
		cut(y + (-22554*cb-46802*cr+half)>>16), // 0.34414, 0.71414
		cut(y + (116130*cb+half)>>16) // 1.77200
}

// repeated spreads chroma by repetition and converts as libjpeg does.
func repeated(p *image.YCbCr) []byte {
	rgb := make([]byte, 0, 3*p.Rect.Dx()*p.Rect.Dy())
	for y := p.Rect.Min.Y; y < p.Rect.Max.Y; y++ {
		for x := p.Rect.Min.X; x < p.Rect.Max.X; x++ {
			c := p.YCbCrAt(x, y)
			r, g, b := libjpegRGB(int(c.Y), int(c.Cb)-128, int(c.Cr)-128)
			rgb = append(rgb, r, g, b)
		}
	}
	return rgb
}
