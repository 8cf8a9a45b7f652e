package imaging

import (
	"bytes"
	"image/png"
	"math/rand/v2"
	"testing"
)

func random(width, height int, chance *rand.Rand) Image {
	out := Image{Width: width, Height: height, RGB: make([]byte, 3*width*height)}
	for i := range out.RGB {
		out.RGB[i] = byte(chance.IntN(256))
	}
	return out
}

// A stored PNG is one for everybody, of every size: what fits a block of deflate, and
// what ends at its border or in the middle of a row.
func TestStored(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 1}, {1, 7}, {7, 1}, {2, 3}, {32, 32}, {5, 4095}, {21845, 1}, {21844, 1}, {21845, 3}, {150, 145}, {512, 512}, {1, 21845}} {
		image := random(size[0], size[1], chance)
		content, err := EncodeStored(image)
		if err != nil {
			t.Fatal(err)
		}
		if cap(content) != len(content) {
			t.Errorf("%v: %d bytes were expected, and %d written", size, cap(content), len(content))
		}
		picture, err := png.Decode(bytes.NewReader(content))
		if err != nil {
			t.Fatalf("%v: the standard library: %v", size, err)
		}
		if theirs := pixels(picture); !bytes.Equal(theirs.RGB, image.RGB) {
			t.Errorf("%v: the standard library reads other pixels", size)
		}
		got, ok := decodeStored(content, zeroed)
		if !ok || got.Width != image.Width || got.Height != image.Height || !bytes.Equal(got.RGB, image.RGB) {
			t.Errorf("%v: it is not read back: %v, %dx%d", size, ok, got.Width, got.Height)
		}
	}
	if _, err := EncodeStored(Image{Width: 2, Height: 2, RGB: make([]byte, 11)}); err == nil {
		t.Error("an image without all of its pixels is encoded")
	}
}

// Of a damaged file, nothing is read by the short way: each bit counts.
func TestStoredDamaged(t *testing.T) {
	whole, err := EncodeStored(random(9, 5, rand.New(rand.NewPCG(3, 4))))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		for bit := range 8 {
			damaged := bytes.Clone(whole)
			damaged[i] ^= 1 << bit
			if _, ok := decodeStored(damaged, zeroed); ok {
				t.Errorf("bit %d of byte %d is passed over", bit, i)
			}
			if _, err := Decode(damaged, Exchanged); err == nil && i < len(whole)-12 {
				t.Errorf("bit %d of byte %d is passed over by Decode", bit, i)
			}
		}
		if _, ok := decodeStored(whole[:i], zeroed); ok {
			t.Errorf("cut at %d, it is read", i)
		}
	}
	if _, ok := decodeStored(append(bytes.Clone(whole), 0), zeroed); ok {
		t.Error("with more behind it, it is read")
	}
}

func TestBytesOfWords(t *testing.T) {
	chance := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		n := chance.IntN(40)
		a, b, sum, difference := make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n)
		for i := range a {
			a[i], b[i] = byte(chance.IntN(256)), byte(chance.IntN(256))
		}
		add(sum, a, b)
		subtract(difference, a, b)
		for i := range a {
			if sum[i] != a[i]+b[i] || difference[i] != a[i]-b[i] {
				t.Fatalf("%d and %d: %d, %d", a[i], b[i], sum[i], difference[i])
			}
		}
	}
}

func BenchmarkEncode512(b *testing.B) {
	image := random(512, 512, rand.New(rand.NewPCG(1, 2)))
	for name, encode := range map[string]func(Image) ([]byte, error){"stored": EncodeStored, "deflated": EncodePNG} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				encode(image)
			}
		})
	}
}

func BenchmarkDecode512(b *testing.B) {
	image := random(512, 512, rand.New(rand.NewPCG(1, 2)))
	for name, encode := range map[string]func(Image) ([]byte, error){"stored": EncodeStored, "deflated": EncodePNG} {
		content, err := encode(image)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Decode(content, Exchanged)
			}
		})
	}
}
