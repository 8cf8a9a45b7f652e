package shapesworld

import (
	"math"
	"math/rand/v2"
)

// Size is the width and height of an image in pixels.
const Size = 32

// Scene is what the renderer draws: one to three objects of the same kind and
// color, apart from each other, on a background.
type Scene struct {
	Attributes
	Placed []Placed
	Shade  [3]float64 // the objects' color, linear in [0, 1]
	Seed   uint64     // of the background's texture and the noise
}

// Placed is one object's place: center and radius in pixels, turn in radians.
type Placed struct {
	X, Y, Radius, Turn float64
}

// hues are the colors' places on the color circle, in degrees.
var hues = []float64{0, 27, 55, 125, 222, 285}

// FullVariety puts objects anywhere, in any size that fits and turned by up to
// 20 degrees.
const FullVariety = 1.0

// NewScene draws a scene with what is asked for; what is left open is drawn
// too. variety, from 0 to FullVariety, says how much objects of the same scene
// differ in place, size and turn: below FullVariety they stand near the places
// of a few arrangements, which a small model learns with fewer images.
func NewScene(asked Attributes, variety float64, random *rand.Rand) Scene {
	choose := func(asked, n int) int {
		if asked >= 0 {
			return asked
		}
		return random.IntN(n)
	}
	scene := Scene{Attributes: Attributes{
		Count:      choose(asked.Count, len(Counts)),
		Color:      choose(asked.Color, len(Colors)),
		Object:     choose(asked.Object, len(Objects)),
		Background: choose(asked.Background, len(Backgrounds)),
	}}
	hue := hues[scene.Color] + 12*(random.Float64()-0.5)
	scene.Shade = fromHSV(hue, 0.82+0.18*random.Float64(), 0.8+0.2*random.Float64())
	if variety < FullVariety {
		scene.Placed = placeArranged(scene.Count+1, variety, random)
	} else {
		scene.Placed = place(scene.Count+1, random)
	}
	scene.Seed = random.Uint64()
	return scene
}

// radii are the least and the greatest radius of n objects, in pixels.
func radii(n int) (low, high float64) {
	switch n {
	case 1:
		return 8.5, 11.5
	case 2:
		return 6.6, 8
	}
	return 5.6, 6.8
}

// The widest ranges of turns, in radians, and of shifts from an arranged place,
// in pixels.
const (
	maxTurn  = 0.7
	maxShift = 8.0
)

// arrangements are the places of one, two and three objects below FullVariety,
// in pixels.
var arrangements = [][][][2]float64{
	{{{16, 16}}},
	{
		{{8, 16}, {24, 16}}, {{16, 8}, {16, 24}},
		{{9, 9}, {23, 23}}, {{23, 9}, {9, 23}},
	},
	{
		{{16, 8}, {8, 23}, {24, 23}}, {{16, 24}, {8, 9}, {24, 9}},
		{{8, 16}, {23, 8}, {23, 24}}, {{24, 16}, {9, 8}, {9, 24}},
	},
}

// placeArranged puts n objects near the places of an arrangement, apart from
// each other.
func placeArranged(n int, variety float64, random *rand.Rand) []Placed {
	low, high := radii(n)
	// spread draws from [-width/2, width/2] at full variety.
	spread := func(width float64) float64 { return variety * width * (random.Float64() - 0.5) }
	places := arrangements[n-1][random.IntN(len(arrangements[n-1]))]
	for {
		var placed []Placed
		for _, at := range places {
			for range 100 { // then anew: what stands already may leave no room
				candidate := Placed{Radius: (low+high)/2 + spread(high-low), Turn: spread(maxTurn)}
				inside := func(v float64) float64 { return max(candidate.Radius, min(Size-candidate.Radius, v)) }
				candidate.X, candidate.Y = inside(at[0]+spread(maxShift)), inside(at[1]+spread(maxShift))
				if free(candidate, placed) {
					placed = append(placed, candidate)
					break
				}
			}
		}
		if len(placed) == n {
			return placed
		}
	}
}

// place puts n objects where they do not touch.
func place(n int, random *rand.Rand) []Placed {
	low, high := radii(n)
	for shrink := 1.0; ; shrink *= 0.97 { // smaller after every failure, so that it ends
		var placed []Placed
		for range n {
			for range 40 {
				radius := shrink * (low + (high-low)*random.Float64())
				margin := radius + 1
				candidate := Placed{
					X:      margin + (Size-2*margin)*random.Float64(),
					Y:      margin + (Size-2*margin)*random.Float64(),
					Radius: radius,
					Turn:   maxTurn * (random.Float64() - 0.5),
				}
				if free(candidate, placed) {
					placed = append(placed, candidate)
					break
				}
			}
		}
		if len(placed) == n {
			return placed
		}
	}
}

func free(candidate Placed, placed []Placed) bool {
	for _, other := range placed {
		if math.Hypot(candidate.X-other.X, candidate.Y-other.Y) < candidate.Radius+other.Radius+1 {
			return false
		}
	}
	return true
}

// fromHSV converts a hue in degrees, a saturation and a value to RGB in [0, 1].
func fromHSV(hue, saturation, value float64) [3]float64 {
	var rgb [3]float64
	for i, offset := range []float64{5, 3, 1} {
		k := math.Mod(offset+hue/60+6, 6)
		rgb[i] = value - value*saturation*math.Max(0, math.Min(math.Min(k, 4-k), 1))
	}
	return rgb
}
