package stage

import (
	"cmp"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// sizes is how large the images of a table are. Numbers of images of other sizes are
// not alike, so that a record says it.
type sizes struct {
	smallest, largest [2]int // width and height, by their product
	unknown           bool   // one could not be told
}

// add takes in an image by the header of its file.
func (s *sizes) add(png []byte) {
	width, height, err := imaging.Size(png, imaging.Exchanged)
	if err != nil {
		s.unknown = true // whoever looks at the image says what is wrong with it
		return
	}
	size := [2]int{width, height}
	if s.largest == ([2]int{}) || compareSizes(size, s.smallest) < 0 {
		s.smallest = size
	}
	if compareSizes(size, s.largest) > 0 {
		s.largest = size
	}
}

func compareSizes(a, b [2]int) int {
	return cmp.Or(cmp.Compare(a[0]*a[1], b[0]*b[1]), cmp.Compare(a[0], b[0]))
}

// String reads "512 x 512", or "320 x 200 to 640 x 480"; it is empty if nothing is known.
func (s *sizes) String() string {
	switch {
	case s.unknown || s.largest == ([2]int{}):
		return ""
	case s.smallest == s.largest:
		return fmt.Sprintf("%d x %d", s.largest[0], s.largest[1])
	}
	return fmt.Sprintf("%d x %d to %d x %d", s.smallest[0], s.smallest[1], s.largest[0], s.largest[1])
}
