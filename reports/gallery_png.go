package reports

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

const (
	smallTile     = 96 // images smaller than this are shown three times as large
	largestTile   = 256
	tileGap       = 2
	modelGap      = 14
	galleryMargin = 14
	labelHeight   = 20
)

var (
	paper = color.RGBA{255, 255, 255, 255}
	ink   = color.RGBA{32, 32, 32, 255}
	faint = color.RGBA{120, 120, 120, 255}
)

// writePNG paints the gallery.
func (g *Gallery) writePNG(w io.Writer) error {
	picture, err := g.render()
	if err != nil {
		return err
	}
	return png.Encode(w, picture)
}

func (g *Gallery) render() (image.Image, error) {
	columns, rows, perPrompt := g.Columns, g.Rows, g.PerPrompt
	first, err := decode(columns[0].Images[rows[0]])
	if err != nil {
		return nil, err
	}
	tile := first.Bounds().Dx()
	if tile < smallTile {
		tile *= 3
	} else {
		perPrompt = min(perPrompt, 2) // large images need the room
	}
	tile = min(tile, largestTile)
	modelWidth := perPrompt*tile + (perPrompt-1)*tileGap
	width := 2*galleryMargin + len(columns)*modelWidth + (len(columns)-1)*modelGap
	height := 2*galleryMargin + 2*labelHeight + len(rows)*(labelHeight+tile+8)
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)

	left := func(column int) int { return galleryMargin + column*(modelWidth+modelGap) }
	for i, column := range columns {
		write(canvas, left(i), galleryMargin+12, modelWidth, column.Title, ink, true)
	}
	y := galleryMargin + labelHeight
	for _, row := range rows {
		label := row.Prompt
		if row.Split != "" {
			label += "   (" + row.Category + ", " + row.Split + ")"
		}
		write(canvas, galleryMargin, y+14, width-2*galleryMargin, label, faint, false)
		y += labelHeight
		for i, column := range columns {
			for index := range perPrompt {
				cell := row
				cell.Index = int32(index)
				drawn, ok := column.Images[cell]
				if !ok {
					continue
				}
				picture, err := decode(drawn)
				if err != nil {
					return nil, err
				}
				x := left(i) + index*(tile+tileGap)
				scale(canvas, image.Rect(x, y, x+tile, y+tile), picture)
			}
		}
		y += tile + 8
	}
	write(canvas, galleryMargin, y+14, width-2*galleryMargin, "Same prompts and same seeds in every column; prompts taken in order, not chosen by eye.", faint, false)
	return canvas, nil
}

func decode(row table.Image) (image.Image, error) {
	picture, err := imaging.Decode(row.Image.Bytes, imaging.Exchanged)
	if err != nil {
		return nil, fmt.Errorf("decode image %q: %w", row.ID, err)
	}
	return picture.Picture(), nil
}

// scale draws a picture into a rectangle, pixel by nearest pixel: enlarged
// pixels must look like pixels.
func scale(canvas *image.RGBA, to image.Rectangle, picture image.Image) {
	from := picture.Bounds()
	for y := to.Min.Y; y < to.Max.Y; y++ {
		sy := from.Min.Y + (y-to.Min.Y)*from.Dy()/to.Dy()
		for x := to.Min.X; x < to.Max.X; x++ {
			sx := from.Min.X + (x-to.Min.X)*from.Dx()/to.Dx()
			canvas.Set(x, y, picture.At(sx, sy))
		}
	}
}

// write draws words with their baseline at y, cut to a width in pixels. The
// font has ASCII only; other letters become question marks.
func write(canvas *image.RGBA, x, y, width int, words string, ink color.Color, bold bool) {
	face := basicfont.Face7x13
	if room := width / face.Advance; len(words) > room {
		words = words[:max(0, room-3)] + "..."
	}
	words = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, words)
	drawer := font.Drawer{Dst: canvas, Src: image.NewUniform(ink), Face: face, Dot: fixed.P(x, y)}
	drawer.DrawString(words)
	if bold { // the font has one weight: draw it twice
		drawer.Dot = fixed.P(x+1, y)
		drawer.DrawString(words)
	}
}
