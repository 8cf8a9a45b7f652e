package shapesworld

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

var varieties = []float64{0, 0.25, 0.6, 0.99, FullVariety}

// scenes draws n scenes of a seed.
func scenes(n int, asked Attributes, variety float64) []Scene {
	var out []Scene
	for i := range n {
		out = append(out, NewScene(asked, variety, rand.New(rand.NewPCG(uint64(i), 5))))
	}
	return out
}

// TestSceneShowsWhatIsAsked, and draws the rest of all there is.
func TestSceneShowsWhatIsAsked(t *testing.T) {
	for _, variety := range varieties {
		for _, scene := range scenes(20, Attributes{2, 3, 4, 1}, variety) {
			if scene.Attributes != (Attributes{2, 3, 4, 1}) || len(scene.Placed) != 3 {
				t.Fatalf("asked for 2 3 4 1: %+v with %d objects", scene.Attributes, len(scene.Placed))
			}
		}
		seen := map[string]map[int]bool{"count": {}, "color": {}, "object": {}, "background": {}}
		for _, scene := range scenes(300, Attributes{-1, -1, -1, -1}, variety) {
			seen["count"][len(scene.Placed)-1] = true
			seen["color"][scene.Color] = true
			seen["object"][scene.Object] = true
			seen["background"][scene.Background] = true
		}
		for what, n := range map[string]int{"count": len(Counts), "color": len(Colors), "object": len(Objects), "background": len(Backgrounds)} {
			if len(seen[what]) != n {
				t.Errorf("%d of %d values of %s occur", len(seen[what]), n, what)
			}
		}
	}
}

// TestPlaces: objects are apart, near the image's inside and of about the size
// that their number allows.
func TestPlaces(t *testing.T) {
	for _, variety := range varieties {
		for n := 1; n <= 3; n++ {
			low, high := radii(n)
			for i, scene := range scenes(400, Attributes{n - 1, -1, -1, -1}, variety) {
				if len(scene.Placed) != n {
					t.Fatalf("scene %d has %d objects, want %d", i, len(scene.Placed), n)
				}
				for j, a := range scene.Placed {
					if a.Radius < 0.75*low || a.Radius > high {
						t.Errorf("variety %v, %d objects, scene %d: radius %v, want %v to %v", variety, n, i, a.Radius, low, high)
					}
					if math.Abs(a.Turn) > maxTurn/2 {
						t.Errorf("variety %v, scene %d: turned by %v", variety, i, a.Turn)
					}
					// At full variety a pixel is left free. On the grid the jitter of 2
					// pixels may push an object over the edge.
					border := 1.0
					if variety < FullVariety {
						border = -2 * variety
					}
					for _, v := range []float64{a.X, a.Y} {
						if v-a.Radius < border-1e-9 || v+a.Radius > Size-border+1e-9 {
							t.Errorf("variety %v, scene %d: an object at %v with radius %v", variety, i, v, a.Radius)
						}
					}
					for _, b := range scene.Placed[:j] {
						if gap := math.Hypot(a.X-b.X, a.Y-b.Y) - a.Radius - b.Radius; gap < 1 {
							t.Errorf("variety %v, scene %d: objects are %v pixels apart", variety, i, gap)
						}
					}
				}
			}
		}
	}
}

func TestSceneDependsOnTheSourceAlone(t *testing.T) {
	for _, variety := range varieties {
		a, b := scenes(5, Attributes{1, -1, -1, -1}, variety), scenes(5, Attributes{1, -1, -1, -1}, variety)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("variety %v: the same source gives other scenes", variety)
		}
		if reflect.DeepEqual(a[0], a[1]) {
			t.Errorf("variety %v: two sources give the same scene", variety)
		}
	}
}

// TestVarietyVaries: the more variety, the more places.
func TestVarietyVaries(t *testing.T) {
	var before float64
	for _, variety := range []float64{0, 0.25, 0.6} {
		var spread float64
		for _, scene := range scenes(200, Attributes{0, -1, -1, -1}, variety) {
			spread += math.Abs(scene.Placed[0].X-math.Round(scene.Placed[0].X/4)*4) / 200
			spread += math.Abs(scene.Placed[0].Turn) / 200
		}
		if variety > 0 && spread <= before {
			t.Errorf("variety %v: objects are %v from the grid, at less variety %v", variety, spread, before)
		}
		before = spread
	}
}

func TestFromHSV(t *testing.T) {
	for _, test := range []struct{ hsv, want [3]float64 }{
		{[3]float64{0, 1, 1}, [3]float64{1, 0, 0}},
		{[3]float64{60, 1, 1}, [3]float64{1, 1, 0}},
		{[3]float64{120, 1, 0.5}, [3]float64{0, 0.5, 0}},
		{[3]float64{180, 1, 1}, [3]float64{0, 1, 1}},
		{[3]float64{240, 0.5, 1}, [3]float64{0.5, 0.5, 1}},
		{[3]float64{300, 1, 1}, [3]float64{1, 0, 1}},
		{[3]float64{-30, 1, 1}, [3]float64{1, 0, 0.5}},
		{[3]float64{30, 1, 1}, [3]float64{1, 0.5, 0}},
		{[3]float64{77, 0, 0.3}, [3]float64{0.3, 0.3, 0.3}},
	} {
		got := fromHSV(test.hsv[0], test.hsv[1], test.hsv[2])
		for c := range 3 {
			if math.Abs(got[c]-test.want[c]) > 1e-12 {
				t.Errorf("HSV %v is RGB %v, want %v", test.hsv, got, test.want)
				break
			}
		}
	}
}
