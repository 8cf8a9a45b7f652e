package wire

import (
	"sync"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// Lent is a request whose pixels go back to where they come from as soon as they have
// been written. It is sent in the request's place, over a connection with DialOptions.
type Lent struct {
	Request proto.Message
	Pixels  *[]byte // the data of the image in it
	From    *Pixels
}

// Pixels are buffers for pixels, that are used again: of a large image, making one and
// clearing it away takes longer than decoding what goes into it. The zero value is ready.
type Pixels struct{ kept sync.Pool }

var _ mem.BufferPool = (*Pixels)(nil)

// Get returns a buffer with something in it.
func (p *Pixels) Get(length int) *[]byte {
	if kept, ok := p.kept.Get().(*[]byte); ok && cap(*kept) >= length {
		*kept = (*kept)[:length]
		return kept
	}
	buffer := make([]byte, length)
	return &buffer
}

// Put takes a buffer that nobody uses any more.
func (p *Pixels) Put(buffer *[]byte) { p.kept.Put(buffer) }
