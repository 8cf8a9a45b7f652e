package wire

import (
	"sync"

	"google.golang.org/grpc/mem"
)

// The sizes of buffers that are kept. HTTP/2's frames have 16 KiB at most, as gRPC asks
// for them.
const smallFrame, wholeFrame = 4 << 10, 16 << 10

// frames are buffers that are used again without being zeroed: whoever gets one writes
// all of it.
type frames struct{ small, whole sync.Pool }

var _ mem.BufferPool = (*frames)(nil)

func (f *frames) Get(length int) *[]byte {
	pool, size := f.of(length)
	if pool == nil {
		buffer := make([]byte, length)
		return &buffer
	}
	if kept, ok := pool.Get().(*[]byte); ok {
		*kept = (*kept)[:length]
		return kept
	}
	buffer := make([]byte, length, size)
	return &buffer
}

func (f *frames) Put(buffer *[]byte) {
	if pool, size := f.of(cap(*buffer)); pool != nil && cap(*buffer) == size {
		pool.Put(buffer)
	}
}

// of is the pool of buffers that hold length bytes, and the size of these; nil if none
// does.
func (f *frames) of(length int) (*sync.Pool, int) {
	switch {
	case length <= smallFrame:
		return &f.small, smallFrame
	case length <= wholeFrame:
		return &f.whole, wholeFrame
	}
	return nil, 0
}
