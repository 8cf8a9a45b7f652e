package figure

import (
	"image"
	"image/draw"
)

// Images is pictures of the same prompts side by side: a column for each model, a row for
// each prompt.
type Images struct {
	Columns   []string
	PerPrompt int // pictures of a prompt in each column
	Rows      []ImageRow
}

// ImageRow is the pictures of a prompt, a list for each column.
type ImageRow struct {
	Prompt, Part string // Part is its category and split
	Cells        [][]Image
}

// Image is a picture and what was said of it.
type Image struct {
	Picture image.Image // as many pixels wide as a tile is
	Verdict Verdict
}

// Verdict is what raters say of an image.
type Verdict string

// The verdicts.
const (
	NotJudged  Verdict = ""
	JudgedGood Verdict = "good"
	JudgedBad  Verdict = "bad"
	JudgedEven Verdict = "even" // by as many good as bad
)

// Picture is an image in a scene.
type Picture struct {
	In      Box
	Picture image.Image
}

// dot is a pixel of a PNG in points: pictures begin and end on whole ones.
const dot = 72.0 / dotsPerInch

// sheet is all pictures of a scene as one, pixel by pixel: they stand on whole dots, and a
// file has one image where it had hundreds. It is nil if there are none.
func (s Scene) sheet() (image.Image, Box) {
	if len(s.Pictures) == 0 {
		return nil, Box{}
	}
	in := s.Pictures[0].In
	right, bottom := in.X, in.Y
	for _, p := range s.Pictures {
		in.X, in.Y = min(in.X, p.In.X), min(in.Y, p.In.Y)
		right, bottom = max(right, p.In.X+p.In.Width), max(bottom, p.In.Y+p.In.Height)
	}
	sheet := image.NewRGBA(image.Rect(0, 0, Pixels(right-in.X), Pixels(bottom-in.Y)))
	draw.Draw(sheet, sheet.Bounds(), image.White, image.Point{}, draw.Src)
	for _, p := range s.Pictures {
		at := image.Pt(Pixels(p.In.X-in.X), Pixels(p.In.Y-in.Y))
		draw.Draw(sheet, p.Picture.Bounds().Sub(p.Picture.Bounds().Min).Add(at), p.Picture, p.Picture.Bounds().Min, draw.Src)
	}
	in.Width, in.Height = dot*float64(sheet.Bounds().Dx()), dot*float64(sheet.Bounds().Dy())
	return sheet, in
}

func snapped(points float64) float64 { return dot * float64(int(points/dot)) }

const (
	pictureGap = 1.2
	modelGap   = 7.0
	signSize   = 4.6
)

// Tile is how wide a picture of some columns is in points, if each shows so many of a
// prompt.
func Tile(columns, perPrompt int) float64 {
	room := FullWidth - 2*edge - float64(columns-1)*modelGap - float64(columns*(perPrompt-1))*pictureGap
	return min(snapped(room/float64(columns*perPrompt)), 96)
}

// Pixels of a length in points in a PNG.
func Pixels(points float64) int { return int(points/dot + 0.5) }

// images lays out pictures from y on, and returns where they end.
func (l *layout) images(g Images, y float64) float64 {
	tile := Tile(len(g.Columns), g.PerPrompt) * l.Width / FullWidth
	column := float64(g.PerPrompt)*tile + float64(g.PerPrompt-1)*pictureGap
	left := func(c int) float64 { return snapped(edge + float64(c)*(column+modelGap)) }
	size := l.size(tickSize)
	y += 2
	lines := 0
	titles := make([][]string, len(g.Columns))
	for c, title := range g.Columns {
		titles[c] = broken(printable(title), size, true, column+modelGap-2)
		lines = max(lines, len(titles[c]))
	}
	for c, of := range titles {
		for i, line := range of {
			at := y + size + float64(lines-len(of)+i)*lineRoom*size
			l.text(Text{Role: RoleTitle, Words: line, At: XY{left(c), at}, Anchor: Start, Size: size, Bold: true})
		}
	}
	y += float64(lines)*lineRoom*size + 2
	for _, row := range g.Rows {
		label := row.Prompt
		if row.Part != "" {
			label += "  (" + row.Part + ")"
		}
		for _, line := range l.wrapped(printable(label), size, false, l.Width-2*edge) {
			l.text(Text{Role: RoleTick, Words: line, At: XY{edge, y + size}, Anchor: Start, Size: size})
			y += lineRoom * size
		}
		y = snapped(y + 2)
		high, judged := 0.0, false
		for c, cell := range row.Cells {
			for i, one := range cell {
				bounds := one.Picture.Bounds()
				in := Box{left(c) + snapped(float64(i)*(tile+pictureGap)), y, tile, tile * float64(bounds.Dy()) / float64(max(1, bounds.Dx()))}
				l.Pictures = append(l.Pictures, Picture{in, one.Picture})
				l.sign(one.Verdict, XY{in.X + in.Width/2, in.Y + in.Height + 1.5 + signSize/2})
				high = max(high, in.Height)
				judged = judged || one.Verdict != NotJudged
			}
		}
		y += high + 4
		if judged {
			y += signSize
		}
	}
	return y
}

// sign draws a verdict without colour or letters: a tick, a cross or two bars.
func (l *layout) sign(v Verdict, at XY) {
	const r = signSize / 2
	add := func(points ...XY) {
		for i := range points {
			points[i] = XY{at.X + r*points[i].X, at.Y + r*points[i].Y}
		}
		l.Strokes = append(l.Strokes, Stroke{Role: RoleFrame, Points: points})
	}
	switch v {
	case JudgedGood:
		add(XY{-0.9, 0}, XY{-0.25, 0.8}, XY{1, -0.8})
	case JudgedBad:
		add(XY{-0.8, -0.8}, XY{0.8, 0.8})
		add(XY{-0.8, 0.8}, XY{0.8, -0.8})
	case JudgedEven:
		add(XY{-0.8, -0.4}, XY{0.8, -0.4})
		add(XY{-0.8, 0.4}, XY{0.8, 0.4})
	}
}
