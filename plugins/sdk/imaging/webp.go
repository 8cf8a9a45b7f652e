package imaging

import "image"

// video returns a picture as lossy WebP stores it as RGB, [height, width, 3],
// with the bytes of libwebp. WebP's luma and chroma have the range of video (16
// to 235), and Go's decoder hands them on as if they had JPEG's: colours would
// be pale.
func video(p *image.YCbCr) []byte {
	width, height := p.Rect.Dx(), p.Rect.Dy()
	chromaWidth, chromaHeight := (width+1)/2, (height+1)/2
	start := p.COffset(p.Rect.Min.X, p.Rect.Min.Y)
	rgb := make([]byte, 0, 3*width*height)
	for y := range height {
		near := y / 2
		far := max(0, min(chromaHeight-1, near-1+2*(y%2))) // the row of chroma on the other side
		// The four pixels of chroma around one of luma weigh 9, 3, 3 and 1.
		at := func(plane []byte, x int) int {
			n, f := plane[start+near*p.CStride:][:chromaWidth], plane[start+far*p.CStride:][:chromaWidth]
			i := x / 2
			j := i - 1 + 2*(x%2)
			if j < 0 || j >= chromaWidth {
				return (3*int(n[i]) + int(f[i]) + 2) >> 2
			}
			return ((int(n[i])+3*int(n[j])+3*int(f[i])+int(f[j])+8)>>3 + int(n[i])) >> 1
		}
		for x, v := range p.Y[p.YOffset(p.Rect.Min.X, p.Rect.Min.Y+y):][:width] {
			r, g, b := libwebpRGB(int(v), at(p.Cb, x), at(p.Cr, x))
			rgb = append(rgb, r, g, b)
		}
	}
	return rgb
}

// libwebpRGB converts by BT.601's equations for video in 14-bit fixed point.
func libwebpRGB(y, u, v int) (r, g, b byte) {
	cut := func(v int) byte { return byte(max(0, min(255, v>>6))) }
	luma := y * 19077 >> 8
	return cut(luma + v*26149>>8 - 14234),
		cut(luma - u*6419>>8 - v*13320>>8 + 8708),
		cut(luma + u*33050>>8 - 17685)
}
