package shapesworld

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

// TestGoldenScenes pins the pixels of some scenes: the models were trained on
// them, and experiments compare with them.
func TestGoldenScenes(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors fuse multiplication and addition, which may move a pixel by one")
	}
	for _, test := range []struct {
		seed    uint64
		variety float64
		want    string // the first 16 digits of the sha256 of 24 scenes
	}{
		{1, 0, "b62af66717345ff0"}, {1, 0.25, "c3178ffd46717452"}, {1, FullVariety, "99459225e50a4dec"},
	} {
		hash := sha256.New()
		for object := range Objects {
			for background := range Backgrounds {
				random := rand.New(rand.NewPCG(test.seed, uint64(object*10+background)))
				hash.Write(Render(NewScene(Attributes{-1, -1, object, background}, test.variety, random)))
			}
		}
		if got := hex.EncodeToString(hash.Sum(nil))[:16]; got != test.want {
			t.Errorf("seed %d, variety %v: the scenes' digest is %s, want %s", test.seed, test.variety, got, test.want)
		}
	}
}

func TestRenderDependsOnTheSceneAlone(t *testing.T) {
	scene := scenes(1, Attributes{1, -1, -1, 0}, FullVariety)[0]
	first := Render(scene)
	if len(first) != Size*Size*3 {
		t.Fatalf("%d bytes", len(first))
	}
	if !bytes.Equal(first, Render(scene)) {
		t.Error("the same scene gives other pixels")
	}
	scene.Seed++
	if bytes.Equal(first, Render(scene)) {
		t.Error("another seed gives the same pixels")
	}
}

// area is the area of an object of radius 1.
func area(kind int) float64 {
	const steps = 200
	n := 0
	for i := range steps {
		for j := range steps {
			if contains(kind, 2.6*(float64(i)+0.5)/steps-1.3, 2.6*(float64(j)+0.5)/steps-1.3) {
				n++
			}
		}
	}
	return float64(n) * 2.6 * 2.6 / (steps * steps)
}

// TestOutlines: the objects have about the same area and lie within what
// renderObject looks at.
func TestOutlines(t *testing.T) {
	for kind, name := range Objects {
		if a := area(kind); a < 1.4 || a > 2.4 {
			t.Errorf("%s: area %.2f", name, a)
		}
		for i := range 3600 {
			sin, cos := math.Sincos(float64(i) * math.Pi / 1800)
			for r := 1.27; r < 3; r += 0.05 { // renderObject looks a pixel further than 1.25
				if contains(kind, r*cos, r*sin) {
					t.Fatalf("%s: reaches to %.2f of its radius", name, r)
				}
			}
		}
	}
	for _, kind := range []int{-1, len(Objects)} {
		if area(kind) > 0 {
			t.Errorf("there is an object %d", kind)
		}
	}
}

// TestOutlinesDiffer: no object can be taken for another, however they are
// shifted and scaled onto each other.
func TestOutlinesDiffer(t *testing.T) {
	const steps = 60
	for a, name := range Objects {
		for b, other := range Objects[:a] {
			least := math.Inf(1)
			for _, scale := range []float64{0.9, 1, 1.1} {
				for shift := range 25 {
					du, dv := 0.075*float64(shift%5-2), 0.075*float64(shift/5-2)
					n := 0
					for i := range steps * steps {
						u, v := 2.6*(float64(i%steps)+0.5)/steps-1.3, 2.6*(float64(i/steps)+0.5)/steps-1.3
						if contains(a, u, v) != contains(b, (u-du)/scale, (v-dv)/scale) {
							n++
						}
					}
					least = min(least, float64(n)*2.6*2.6/(steps*steps))
				}
			}
			if share := least / min(area(a), area(b)); share < 0.4 {
				t.Errorf("%s and %s differ in %.2f of their area", name, other, share)
			}
		}
	}
}

// TestObjectArea: a drawn object covers about as many pixels as its outline
// says, whatever its place and turn.
func TestObjectArea(t *testing.T) {
	for kind, name := range Objects {
		outline := area(kind)
		for _, scene := range scenes(10, Attributes{-1, -1, kind, -1}, FullVariety) {
			for _, object := range scene.Placed {
				canvas := make([]float64, Size*Size*3)
				renderObject(canvas, kind, object, [3]float64{1, 1, 1})
				var covered float64
				for i := 0; i < len(canvas); i += 3 {
					covered += math.Min(1, canvas[i]) // light from above adds up to 9%
				}
				if share := covered / (outline * object.Radius * object.Radius); share < 0.88 || share > 1.08 {
					t.Errorf("%s of radius %.1f covers %.0f pixels, %.2f of its outline", name, object.Radius, covered, share)
				}
			}
		}
	}
}

// mask says which pixels a scene's objects change.
func mask(scene Scene) []bool {
	empty := scene
	empty.Placed = nil
	with, without := Render(scene), Render(empty) // the same texture and noise
	changed := make([]bool, Size*Size)
	for i := range changed {
		for c := range 3 {
			if math.Abs(float64(with[i*3+c])-float64(without[i*3+c])) > 40 {
				changed[i] = true
			}
		}
	}
	return changed
}

// pieces counts the connected parts of a mask that have at least 6 pixels.
func pieces(mask []bool) int {
	left := append([]bool{}, mask...)
	var fill func(x, y int) int
	fill = func(x, y int) int {
		if x < 0 || x >= Size || y < 0 || y >= Size || !left[y*Size+x] {
			return 0
		}
		left[y*Size+x] = false
		return 1 + fill(x-1, y) + fill(x+1, y) + fill(x, y-1) + fill(x, y+1)
	}
	n := 0
	for y := range Size {
		for x := range Size {
			if fill(x, y) >= 6 {
				n++
			}
		}
	}
	return n
}

// TestAttributesAreVisible reads count, color, object and background back from
// the pixels, with rules and without a network.
func TestAttributesAreVisible(t *testing.T) {
	grounds := [][3]float64{{46, 84, 33}, {191, 167, 119}, {15, 15, 36}, {212, 220, 235}}
	for _, variety := range []float64{0.25, FullVariety} {
		const n = 30
		wrongCount, wrongObject := 0, 0
		for i, scene := range scenes(n, Attributes{-1, -1, -1, -1}, variety) {
			rgb, changed := Render(scene), mask(scene)
			if pieces(changed) != scene.Count+1 {
				wrongCount++
			}
			// The background's mean color is nearest to its own.
			var ground [3]float64
			free := 0.0
			for p, object := range changed {
				if !object {
					free++
					for c := range 3 {
						ground[c] += float64(rgb[p*3+c])
					}
				}
			}
			nearest, least := -1, math.Inf(1)
			for kind, want := range grounds {
				var distance float64
				for c := range 3 {
					distance += math.Pow(ground[c]/free-want[c], 2)
				}
				if distance < least {
					nearest, least = kind, distance
				}
			}
			if nearest != scene.Background {
				t.Errorf("variety %v, scene %d: %q looks like %q", variety, i, Backgrounds[scene.Background], Backgrounds[nearest])
			}
			// The hue inside an object is nearest to its color's.
			canvas := make([]float64, Size*Size*3)
			renderObject(canvas, scene.Object, scene.Placed[0], [3]float64{1, 1, 1})
			at := 0 // the pixel that is covered and lit most
			for p := 0; p < len(canvas); p += 3 {
				if canvas[p] > canvas[at] {
					at = p
				}
			}
			hue := hueOf(float64(rgb[at]), float64(rgb[at+1]), float64(rgb[at+2]))
			nearest, least = -1, math.Inf(1)
			for color, want := range hues {
				distance := math.Abs(math.Mod(hue-want+540, 360) - 180)
				if distance < least {
					nearest, least = color, distance
				}
			}
			if nearest != scene.Color {
				t.Errorf("variety %v, scene %d: %s looks %s (hue %.0f)", variety, i, Colors[scene.Color], Colors[nearest], hue)
			}
			// Of all objects in the same places, the scene's own fits best.
			nearest, least = -1, math.Inf(1)
			for kind := range Objects {
				other := scene
				other.Object = kind
				differ := 0.0
				for p, v := range mask(other) {
					if v != changed[p] {
						differ++
					}
				}
				if differ < least {
					nearest, least = kind, differ
				}
			}
			if nearest != scene.Object {
				wrongObject++
			}
		}
		t.Logf("variety %v: of %d scenes %d have another number of pieces, %d another object", variety, n, wrongCount, wrongObject)
		if wrongCount > 0 {
			t.Errorf("variety %v: the count of %d of %d scenes cannot be read", variety, wrongCount, n)
		}
		if wrongObject > 0 {
			t.Errorf("variety %v: the object of %d of %d scenes cannot be read", variety, wrongObject, n)
		}
	}
}

// hueOf is the hue of a color, in degrees.
func hueOf(r, g, b float64) float64 {
	high, low := math.Max(r, math.Max(g, b)), math.Min(r, math.Min(g, b))
	switch {
	case high == low:
		return 0
	case high == r:
		return math.Mod(60*(g-b)/(high-low)+360, 360)
	case high == g:
		return 60*(b-r)/(high-low) + 120
	}
	return 60*(r-g)/(high-low) + 240
}

// TestObjectsDoNotOverlap: no pixel is half covered by two objects.
func TestObjectsDoNotOverlap(t *testing.T) {
	for _, variety := range []float64{0.25, FullVariety} {
		const n = 100
		touching := 0
		for _, scene := range scenes(n, Attributes{2, -1, -1, -1}, variety) {
			var covers []int
			for _, object := range scene.Placed {
				canvas := make([]float64, Size*Size*3)
				renderObject(canvas, scene.Object, object, [3]float64{1, 1, 1})
				for i := 0; i < len(canvas); i += 3 {
					if canvas[i] > 0.5 {
						covers = append(covers, i)
					}
				}
			}
			seen := map[int]bool{}
			for _, i := range covers {
				if seen[i] {
					touching++
					break
				}
				seen[i] = true
			}
		}
		t.Logf("variety %v: in %d of %d scenes objects share a pixel", variety, touching, n)
		if touching > 0 {
			t.Errorf("variety %v: objects share pixels in %d of %d scenes", variety, touching, n)
		}
	}
}
