package reports

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// palette is Okabe and Ito's (2008), which colour-blind people can tell apart.
var palette = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{230, 159, 0, 255}, {86, 180, 233, 255}, {0, 0, 0, 255}, {150, 140, 0, 255},
}

func colorOf(i int) color.RGBA { return palette[i%len(palette)] }

// newPlot is a plot in this package's style.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	for _, style := range []*font.Font{
		&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font,
		&p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font,
	} {
		size := style.Size
		*style = sans
		style.Size = size
	}
	p.Title.TextStyle.Font.Size = vg.Points(11)
	p.X.Label.TextStyle.Font.Size, p.Y.Label.TextStyle.Font.Size = vg.Points(10), vg.Points(10)
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = vg.Points(8.5), vg.Points(8.5)
	p.Legend.TextStyle.Font.Size = vg.Points(9)
	p.Title.Padding = vg.Points(6)
	p.X.Label.Padding, p.Y.Label.Padding = vg.Points(4), vg.Points(4)
	grid := plotter.NewGrid()
	grid.Horizontal.Color = color.RGBA{228, 228, 228, 255}
	grid.Vertical.Color = color.RGBA{228, 228, 228, 255}
	p.Add(grid)
	return p
}

// writePanels draws plots in rows of a given number of columns as one PNG.
func writePanels(w io.Writer, plots []*plot.Plot, columns int, width, height vg.Length) error {
	columns = min(columns, len(plots))
	rows := (len(plots) + columns - 1) / columns
	grid := make([][]*plot.Plot, rows)
	for i := range grid {
		grid[i] = make([]*plot.Plot, columns)
		for j := range columns {
			if at := i*columns + j; at < len(plots) {
				grid[i][j] = plots[at]
			}
		}
	}
	canvas := vgimg.NewWith(vgimg.UseWH(width*vg.Length(columns), height*vg.Length(rows)), vgimg.UseDPI(144))
	tiles := draw.Tiles{
		Rows: rows, Cols: columns,
		PadTop: vg.Points(10), PadBottom: vg.Points(10), PadLeft: vg.Points(10), PadRight: vg.Points(14),
		PadX: vg.Points(22), PadY: vg.Points(18),
	}
	placed := plot.Align(grid, tiles, draw.New(canvas))
	for i := range grid {
		for j, p := range grid[i] {
			if p != nil {
				p.Draw(placed[i][j])
			}
		}
	}
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(w); err != nil {
		return fmt.Errorf("encode the plot: %w", err)
	}
	return nil
}
