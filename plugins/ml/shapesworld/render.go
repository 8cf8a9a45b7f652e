package shapesworld

import (
	"math"
	"math/rand/v2"
)

// Render paints a scene: 8-bit RGB, [32, 32, 3], with smooth edges, light from
// above, a textured background and sensor noise.
func Render(scene Scene) []byte {
	random := rand.New(rand.NewPCG(scene.Seed, 1))
	canvas := background(scene.Background, random)
	for _, object := range scene.Placed {
		renderObject(canvas, scene.Object, object, scene.Shade)
	}
	pixels := make([]byte, len(canvas))
	for i, v := range canvas {
		v += 0.012 * random.NormFloat64()
		pixels[i] = byte(math.Round(255 * math.Max(0, math.Min(1, v))))
	}
	return pixels
}

// background paints one of Backgrounds: [32, 32, 3] in [0, 1].
func background(kind int, random *rand.Rand) []float64 {
	canvas := make([]float64, Size*Size*3)
	fill := func(top, bottom [3]float64) {
		for y := range Size {
			mix := float64(y) / (Size - 1)
			for x := range Size {
				for c := range 3 {
					canvas[(y*Size+x)*3+c] = top[c]*(1-mix) + bottom[c]*mix
				}
			}
		}
	}
	add := func(x, y int, amount [3]float64) {
		if x >= 0 && x < Size && y >= 0 && y < Size {
			for c := range 3 {
				canvas[(y*Size+x)*3+c] += amount[c]
			}
		}
	}
	light := 0.9 + 0.2*random.Float64()
	scaled := func(r, g, b float64) [3]float64 { return [3]float64{r * light, g * light, b * light} }
	switch kind {
	case 0: // on grass: dark green with lighter blades
		fill(scaled(0.16, 0.30, 0.12), scaled(0.20, 0.36, 0.14))
		for range 26 {
			x, y := random.IntN(Size), random.IntN(Size)
			for i := range 2 + random.IntN(2) {
				add(x, y-i, [3]float64{0.06, 0.10, 0.03})
			}
		}
	case 1: // on sand: tan with soft ripples
		fill(scaled(0.78, 0.69, 0.50), scaled(0.72, 0.62, 0.43))
		phase, slope := random.Float64()*2*math.Pi, 0.3*(random.Float64()-0.5)
		for y := range Size {
			for x := range Size {
				wave := 0.03 * math.Sin(phase+2*math.Pi*(float64(y)+slope*float64(x))/7)
				add(x, y, [3]float64{wave, wave, wave})
			}
		}
	case 2: // at night: near black with stars
		fill(scaled(0.04, 0.04, 0.11), scaled(0.08, 0.08, 0.17))
		for range 12 {
			bright := 0.3 + 0.4*random.Float64()
			add(random.IntN(Size), random.IntN(Size), [3]float64{bright, bright, bright})
		}
	case 3: // in snow: nearly white with drifts
		fill(scaled(0.86, 0.89, 0.94), scaled(0.80, 0.84, 0.90))
		for range 3 {
			cx, cy := random.Float64()*Size, random.Float64()*Size
			for y := range Size {
				for x := range Size {
					dx, dy := (float64(x)-cx)/9, (float64(y)-cy)/3
					drift := 0.06 * math.Exp(-dx*dx-dy*dy)
					add(x, y, [3]float64{drift, drift, drift})
				}
			}
		}
	}
	return canvas
}

// samples is the number of points per pixel and axis that edges are averaged over.
const samples = 3

func renderObject(canvas []float64, kind int, object Placed, shade [3]float64) {
	sin, cos := math.Sincos(object.Turn)
	for y := range Size {
		for x := range Size {
			if math.Hypot(float64(x)+0.5-object.X, float64(y)+0.5-object.Y) > 1.25*object.Radius+1 {
				continue
			}
			inside := 0
			for i := range samples {
				for j := range samples {
					dx := float64(x) + (float64(i)+0.5)/samples - object.X
					dy := float64(y) + (float64(j)+0.5)/samples - object.Y
					u, v := (cos*dx+sin*dy)/object.Radius, (cos*dy-sin*dx)/object.Radius
					if contains(kind, u, v) {
						inside++
					}
				}
			}
			cover := float64(inside) / (samples * samples)
			light := 1 - 0.18*(float64(y)+0.5-object.Y)/object.Radius*0.5
			for c := range 3 {
				at := (y*Size+x)*3 + c
				canvas[at] = canvas[at]*(1-cover) + shade[c]*light*cover
			}
		}
	}
}

// contains reports whether the point (u, v), v pointing down, lies in one of
// Objects of radius 1. The outlines have about the same area. Any two differ in
// at least four tenths of it, however they are shifted onto each other: a circle
// and a square, or a star and a triangle, are too alike at this size for a model
// this small.
func contains(kind int, u, v float64) bool {
	switch kind {
	case 0: // ring
		r := math.Hypot(u, v)
		return r <= 1 && r >= 0.5
	case 1: // moon: a crescent, open to the right
		return math.Hypot(u, v) <= 1 && math.Hypot(u-0.55, v) >= 0.75
	case 2: // triangle
		return v <= 0.76 && v >= -1+1.75*math.Abs(u)
	case 3: // cross: an upright plus
		u, v = math.Abs(u), math.Abs(v)
		return u <= 0.3 && v <= 0.95 || v <= 0.3 && u <= 0.95
	case 4: // heart
		x, y := u*1.18, -v*1.18+0.12
		s := x*x + y*y - 0.72
		return s*s*s-x*x*y*y*y*1.9 <= 0
	case 5: // bar
		return math.Abs(u) <= 0.95 && math.Abs(v) <= 0.45
	}
	return false
}
