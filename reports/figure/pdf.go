package figure

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"time"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"codeberg.org/go-pdf/fpdf"
	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// WritePDF writes the scene as a page of its size. The letters that it has are embedded as
// TrueType, so that its words can be found and copied. It says nothing of when it was
// made.
func (s Scene) WritePDF(w io.Writer, title string) error {
	c := newPDF(s.Width, s.Height, title)
	paint(s, c)
	if c.err != nil {
		return c.err
	}
	var b bytes.Buffer
	if err := c.document.Output(&b); err != nil {
		return fmt.Errorf("write the figure: %w", err)
	}
	content := b.Bytes()
	for _, name := range []string{"CreationDate", "ModDate"} {
		date := []byte("/" + name + " (D:" + undated.Format("20060102150405") + ")")
		content = bytes.Replace(content, date, bytes.Repeat([]byte{' '}, len(date)), 1)
	}
	if _, err := w.Write(content); err != nil {
		return fmt.Errorf("write the figure: %w", err)
	}
	return nil
}

// undated stands for no date, which the library does not have.
var undated = time.Unix(0, 0).UTC()

// pdf is a canvas of a page. Gonum's own has letters of Windows' code page alone, and the
// time of day.
type pdf struct {
	document *fpdf.Fpdf
	height   float64
	stack    []pdfState
	images   int
	err      error
}

type pdfState struct {
	place fpdf.TransformMatrix
	ink   color.NRGBA
	width float64
	dash  []float64
}

func newPDF(width, height float64, title string) *pdf {
	document := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: width, Ht: height}})
	document.SetCatalogSort(true)
	document.SetCreationDate(undated)
	document.SetModificationDate(undated)
	document.SetTitle(title, true)
	document.SetMargins(0, 0, 0)
	document.SetAutoPageBreak(false, 0)
	document.AddUTF8FontFromBytes("liberation", "", liberationsansregular.TTF)
	document.AddUTF8FontFromBytes("liberation", "B", liberationsansbold.TTF)
	document.AddPage()
	c := &pdf{document: document, height: height, stack: []pdfState{{place: fpdf.TransformMatrix{A: 1, D: 1}}}}
	vg.Initialize(c)
	return c
}

func (c *pdf) state() *pdfState { return &c.stack[len(c.stack)-1] }

// at is a place in the library's terms: from the upper left corner.
func (c *pdf) at(p vg.Point) (x, y float64) {
	m := c.state().place
	px, py := p.X.Points(), p.Y.Points()
	return m.A*px + m.C*py + m.E, c.height - (m.B*px + m.D*py + m.F)
}

func (c *pdf) SetLineWidth(w vg.Length) { c.state().width = w.Points() }

func (c *pdf) SetLineDash(pattern []vg.Length, _ vg.Length) {
	dash := []float64{}
	for _, length := range pattern {
		dash = append(dash, length.Points())
	}
	c.state().dash = dash
}

func (c *pdf) SetColor(ink color.Color) {
	if ink == nil {
		ink = color.Black
	}
	c.state().ink = color.NRGBAModel.Convert(ink).(color.NRGBA)
}

func (c *pdf) apply(m fpdf.TransformMatrix) {
	s := c.state()
	o := s.place
	s.place = fpdf.TransformMatrix{
		A: o.A*m.A + o.C*m.B, B: o.B*m.A + o.D*m.B,
		C: o.A*m.C + o.C*m.D, D: o.B*m.C + o.D*m.D,
		E: o.A*m.E + o.C*m.F + o.E, F: o.B*m.E + o.D*m.F + o.F,
	}
}

func (c *pdf) Rotate(by float64) {
	sin, cos := math.Sincos(by)
	c.apply(fpdf.TransformMatrix{A: cos, B: sin, C: -sin, D: cos})
}

func (c *pdf) Translate(by vg.Point) {
	c.apply(fpdf.TransformMatrix{A: 1, D: 1, E: by.X.Points(), F: by.Y.Points()})
}

func (c *pdf) Scale(x, y float64) { c.apply(fpdf.TransformMatrix{A: x, D: y}) }

func (c *pdf) Push() { c.stack = append(c.stack, *c.state()) }

func (c *pdf) Pop() { c.stack = c.stack[:len(c.stack)-1] }

func (c *pdf) Stroke(p vg.Path) {
	s := c.state()
	if s.width <= 0 {
		return
	}
	c.document.SetAlpha(float64(s.ink.A)/255, "Normal")
	c.document.SetDrawColor(int(s.ink.R), int(s.ink.G), int(s.ink.B))
	c.document.SetLineWidth(s.width)
	c.document.SetDashPattern(s.dash, 0)
	c.draw(p, "D")
}

func (c *pdf) Fill(p vg.Path) {
	s := c.state()
	c.document.SetAlpha(float64(s.ink.A)/255, "Normal")
	c.document.SetFillColor(int(s.ink.R), int(s.ink.G), int(s.ink.B))
	c.draw(p, "F")
}

func (c *pdf) draw(path vg.Path, how string) {
	for _, part := range path {
		x, y := c.at(part.Pos)
		switch part.Type {
		case vg.MoveComp:
			c.document.MoveTo(x, y)
		case vg.LineComp:
			c.document.LineTo(x, y)
		case vg.CurveComp:
			if len(part.Control) != 2 {
				c.fail("a curve of %d control points", len(part.Control))
				return
			}
			x1, y1 := c.at(part.Control[0])
			x2, y2 := c.at(part.Control[1])
			c.document.CurveBezierCubicTo(x1, y1, x2, y2, x, y)
		case vg.CloseComp:
			c.document.ClosePath()
		default:
			c.fail("a part of kind %d", part.Type)
			return
		}
	}
	c.document.DrawPath(how)
}

// fail keeps the first thing that the canvas cannot draw.
func (c *pdf) fail(format string, values ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("write the figure: a path has "+format, values...)
	}
}

func (c *pdf) FillString(f font.Face, at vg.Point, words string) {
	s := c.state()
	style := ""
	if f.Font.Weight == stdfont.WeightBold {
		style = "B"
	}
	c.document.SetFont("liberation", style, f.Font.Size.Points())
	c.document.SetAlpha(float64(s.ink.A)/255, "Normal")
	c.document.SetTextColor(int(s.ink.R), int(s.ink.G), int(s.ink.B))
	c.document.TransformBegin()
	c.document.Transform(s.place)
	c.document.Text(at.X.Points(), c.height-at.Y.Points(), words)
	c.document.TransformEnd()
}

func (c *pdf) DrawImage(in vg.Rectangle, picture image.Image) {
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		if c.err == nil {
			c.err = fmt.Errorf("encode a picture of the figure: %w", err)
		}
		return
	}
	c.images++
	name := fmt.Sprintf("%04d", c.images)
	options := fpdf.ImageOptions{ImageType: "png"}
	c.document.RegisterImageOptionsReader(name, options, &b)
	x, y := c.at(vg.Point{X: in.Min.X, Y: in.Max.Y})
	c.document.ImageOptions(name, x, y, in.Size().X.Points(), in.Size().Y.Points(), false, options, 0, "")
}
