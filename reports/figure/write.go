package figure

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	dotsPerInch = 300
	quarterTurn = math.Pi / 2
)

// WritePNG writes the scene in 300 dots an inch.
func (s Scene) WritePNG(w io.Writer) error {
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(s.Width), vg.Length(s.Height)), vgimg.UseDPI(dotsPerInch), vgimg.UseBackgroundColor(color.White))
	paint(s, canvas)
	encoder := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := encoder.Encode(w, canvas.Image()); err != nil {
		return fmt.Errorf("encode the figure: %w", err)
	}
	return nil
}

// WriteSVG writes the scene with its title and caption for those who cannot see it.
// Letters are outlines: they look alike wherever they are shown.
func (s Scene) WriteSVG(w io.Writer, title, caption string) error {
	canvas := vgsvg.NewWith(vgsvg.UseWH(vg.Length(s.Width), vg.Length(s.Height)))
	paint(s, outlines{canvas})
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return fmt.Errorf("write the figure: %w", err)
	}
	// The canvas calls PNGs JPEGs, and has no place for a title.
	content := bytes.ReplaceAll(b.Bytes(), []byte("data:image/jpg;"), []byte("data:image/png;"))
	root := bytes.Index(content, []byte("<svg"))
	end := root + bytes.IndexByte(content[root:], '>') + 1
	words := fmt.Sprintf("\n<title>%s</title>\n<desc>%s</desc>", html.EscapeString(title), html.EscapeString(caption))
	for _, part := range [][]byte{content[:end], []byte(words), content[end:]} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write the figure: %w", err)
		}
	}
	return nil
}

// outlines is a canvas on which letters are painted as areas.
type outlines struct{ vg.Canvas }

// FillString implements vg.Canvas.
func (o outlines) FillString(f font.Face, at vg.Point, words string) {
	var buffer sfnt.Buffer
	em := f.Face.UnitsPerEm()
	unit := float64(f.Font.Size) / float64(em)
	ppem := fixed.Int26_6(em) // of 1/64 pixels: coordinates are units of the font
	var path vg.Path
	x := float64(at.X)
	place := func(p fixed.Point26_6) vg.Point {
		return vg.Point{X: vg.Length(x + unit*float64(p.X)), Y: at.Y - vg.Length(unit*float64(p.Y))}
	}
	var before sfnt.GlyphIndex
	for i, r := range words {
		glyph, err := f.Face.GlyphIndex(&buffer, r)
		if err != nil {
			continue
		}
		if i > 0 {
			if kern, err := f.Face.Kern(&buffer, before, glyph, ppem, 0); err == nil {
				x += unit * float64(kern)
			}
		}
		segments, err := f.Face.LoadGlyph(&buffer, glyph, ppem, nil)
		if err == nil {
			for j, s := range segments {
				switch s.Op {
				case sfnt.SegmentOpMoveTo:
					if j > 0 {
						path.Close()
					}
					path.Move(place(s.Args[0]))
				case sfnt.SegmentOpLineTo:
					path.Line(place(s.Args[0]))
				case sfnt.SegmentOpQuadTo:
					path.QuadTo(place(s.Args[0]), place(s.Args[1]))
				case sfnt.SegmentOpCubeTo:
					path.CubeTo(place(s.Args[0]), place(s.Args[1]), place(s.Args[2]))
				}
			}
			if len(segments) > 0 {
				path.Close()
			}
		}
		if advance, err := f.Face.GlyphAdvance(&buffer, glyph, ppem, 0); err == nil {
			x += unit * float64(advance)
		}
		before = glyph
	}
	if len(path) > 0 {
		o.Fill(path)
	}
}
