package protocol

import "fmt"

// resized is in words what becomes of images of a folder that is read in a size.
func resized(width, height int, stretch bool) string {
	if width == 0 && height == 0 {
		return ""
	}
	if height == 0 {
		height = width
	}
	if width == 0 {
		width = height
	}
	how := "the middle cut out"
	if stretch {
		how = "stretched"
	}
	return fmt.Sprintf("resized to %d x %d when they were read, %s", width, height, how)
}
