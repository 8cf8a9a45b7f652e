package server

import "sync"

// handles are the names under which images were shown, for each visitor others: they
// say nothing to anybody else, and only what was shown can be asked for.
type handles struct {
	mu     sync.Mutex
	images map[string]map[string]string // the images' BlindIDs by visitor and handle
}

// give makes an image one that a visitor may ask for under a handle.
func (h *handles) give(visitor, handle, image string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.images == nil {
		h.images = map[string]map[string]string{}
	}
	if h.images[visitor] == nil {
		h.images[visitor] = map[string]string{}
	}
	h.images[visitor][handle] = image
}

// image is what a visitor was shown under a handle.
func (h *handles) image(visitor, handle string) (image string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	image, ok = h.images[visitor][handle]
	return image, ok
}
