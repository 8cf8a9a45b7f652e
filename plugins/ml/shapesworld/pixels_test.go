package shapesworld

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestPatchesRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	rgb := make([]byte, Size*Size*3)
	for i := range rgb {
		rgb[i] = byte(random.IntN(256))
	}
	for i := range 256 {
		rgb[i] = byte(i) // every value occurs
	}
	patches := make([]float32, imageValues)
	ToPatches(rgb, patches)
	for i, v := range patches {
		if v < -1 || v > 1 {
			t.Fatalf("value %d is %v", i, v)
		}
	}
	if !bytes.Equal(FromPatches(patches), rgb) {
		t.Error("an image changes on the way to patches and back")
	}
}

// TestPatchLayout: patch 8y + x holds the 4x4 pixels from (4x, 4y) on.
func TestPatchLayout(t *testing.T) {
	rgb := make([]byte, Size*Size*3)
	x, y, channel := 21, 10, 1
	rgb[(y*Size+x)*3+channel] = 255
	patches := make([]float32, imageValues)
	ToPatches(rgb, patches)
	want := (y/4*8+x/4)*48 + (y%4*4+x%4)*3 + channel
	for i, v := range patches {
		if (i == want) != (v == 1) || (i != want && v != -1) {
			t.Errorf("value %d of patch %d is %v", i%48, i/48, v)
		}
	}
}

// TestFromPatchesCuts what lies outside of a byte, and rounds.
func TestFromPatchesCuts(t *testing.T) {
	patches := make([]float32, imageValues)
	for i, v := range []float32{-7, 9, -1, 1, 0, 0.0035, -0.9961} {
		patches[i] = v
	}
	got := FromPatches(patches)
	for i, want := range []byte{0, 255, 0, 255, 128, 128, 0} {
		if got[i] != want {
			t.Errorf("%v becomes %d, want %d", patches[i], got[i], want)
		}
	}
}
