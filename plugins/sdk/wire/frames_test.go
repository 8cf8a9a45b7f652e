package wire

import "testing"

// Buffers have the length that was asked for, whatever they had before.
func TestFrames(t *testing.T) {
	f := &frames{}
	for range 3 {
		for _, length := range []int{0, 1, smallFrame, smallFrame + 1, wholeFrame, wholeFrame + 1} {
			buffer := f.Get(length)
			if len(*buffer) != length {
				t.Errorf("%d bytes, asked for %d", len(*buffer), length)
			}
			*buffer = (*buffer)[:length/2] // gRPC cuts off padding
			f.Put(buffer)
		}
	}
	for _, p := range []int{0, 10, 1 << 20} {
		pixels := &Pixels{}
		small := make([]byte, 10)
		pixels.Put(&small)
		if got := pixels.Get(p); len(*got) != p {
			t.Errorf("%d bytes of pixels, asked for %d", len(*got), p)
		}
	}
}
