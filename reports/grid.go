package reports

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"slices"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

const (
	gridPrompts = 12 // rows of the grid at most
	gridImages  = 4  // images of a prompt and model at most
	gridModels  = 8  // columns at most
	smallTile   = 96 // images smaller than this are shown three times as large
	largestTile = 256
	tileGap     = 2
	modelGap    = 14
	gridMargin  = 14
	labelHeight = 20
)

var (
	paper = color.RGBA{255, 255, 255, 255}
	ink   = color.RGBA{32, 32, 32, 255}
	faint = color.RGBA{120, 120, 120, 255}
)

// gridColumn is one model's images.
type gridColumn struct {
	title  string
	output record.Output
	images map[gridCell]table.Image
}

// gridCell is a place that every column fills with the same prompt and seed.
type gridCell struct {
	category, prompt, split string
	index                   int32
}

// writeGrid draws the same prompts with the same seeds by every model, side by
// side. Prompts are the first of each category and split, not chosen by eye.
func writeGrid(ctx context.Context, w io.Writer, input Input) (bool, error) {
	if input.Open == nil {
		return false, nil
	}
	columns := gridColumns(input)
	for i := range columns {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := columns[i].read(input); err != nil {
			return false, err
		}
	}
	columns = slices.DeleteFunc(columns, func(c gridColumn) bool { return len(c.images) == 0 })
	if len(columns) == 0 {
		return false, nil
	}
	rows, perPrompt := gridRows(columns)
	if len(rows) == 0 {
		return false, nil
	}
	picture, err := drawGrid(columns, rows, perPrompt)
	if err != nil {
		return false, err
	}
	return true, png.Encode(w, picture)
}

// gridColumns finds the images of each model, drawn by the stages
// sample/EVALUATION/MODEL; of an ablation those of every variant's first seed.
func gridColumns(input Input) []gridColumn {
	variants := variantsOf(input)
	var columns []gridColumn
	seenLabels, seenImages := map[string]bool{}, map[string]bool{}
	for _, v := range variants {
		if seenLabels[v.label] {
			continue
		}
		seenLabels[v.label] = true
		for _, e := range v.evaluations {
			for _, model := range e.models {
				at := slices.IndexFunc(v.stages, func(s stage) bool { return s.Node == "sample/"+e.name+"/"+model && s.record != nil })
				if at < 0 || len(columns) == gridModels {
					continue
				}
				output, ok := v.stages[at].record.Outputs["images"]
				if !ok || seenImages[output.Digest] {
					continue // no variant touches this model
				}
				seenImages[output.Digest] = true
				title := model
				if len(v.evaluations) > 1 {
					title = e.name + ": " + title
				}
				if len(variants) > 1 && model != e.baseline() {
					title += " (" + v.label + ")"
				}
				columns = append(columns, gridColumn{title: title, output: output})
			}
		}
	}
	return columns
}

func (c *gridColumn) read(input Input) error {
	path, err := input.Open(c.output)
	if err != nil {
		return fmt.Errorf("open the images of %s: %w", c.title, err)
	}
	c.images = map[gridCell]table.Image{}
	for row, err := range table.Read[table.Image](path) {
		if err != nil {
			return fmt.Errorf("read the images of %s: %w", c.title, err)
		}
		if row.Index < gridImages {
			c.images[gridCell{row.Category, row.Prompt, row.Split, row.Index}] = row
		}
	}
	return nil
}

// gridRows chooses the prompts: in turn from each category and split, in
// alphabetical order, among those that every column has.
func gridRows(columns []gridColumn) (rows []gridCell, perPrompt int) {
	byPart := map[part][]gridCell{}
	for cell := range columns[0].images {
		everywhere := !slices.ContainsFunc(columns, func(c gridColumn) bool { _, ok := c.images[cell]; return !ok })
		if !everywhere {
			continue
		}
		perPrompt = max(perPrompt, int(cell.index)+1)
		if cell.index == 0 {
			p := part{cell.category, cell.split}
			byPart[p] = append(byPart[p], cell)
		}
	}
	var parts []part
	for p, cells := range byPart {
		parts = append(parts, p)
		slices.SortFunc(cells, func(a, b gridCell) int { return cmp.Compare(a.prompt, b.prompt) })
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.category, b.category), cmp.Compare(a.split, b.split)) })
	for turn := 0; len(rows) < gridPrompts; turn++ {
		before := len(rows)
		for _, p := range parts {
			// Neighbours in the alphabet differ in one word: step over them.
			cells := byPart[p]
			if step := max(1, len(cells)/3); turn*step < len(cells) && len(rows) < gridPrompts {
				rows = append(rows, cells[turn*step])
			}
		}
		if len(rows) == before {
			break
		}
	}
	slices.SortFunc(rows, func(a, b gridCell) int {
		return cmp.Or(cmp.Compare(a.category, b.category), cmp.Compare(a.split, b.split), cmp.Compare(a.prompt, b.prompt))
	})
	return rows, perPrompt
}

func drawGrid(columns []gridColumn, rows []gridCell, perPrompt int) (image.Image, error) {
	first, err := decode(columns[0].images[rows[0]])
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
	width := 2*gridMargin + len(columns)*modelWidth + (len(columns)-1)*modelGap
	height := 2*gridMargin + 2*labelHeight + len(rows)*(labelHeight+tile+8)
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)

	left := func(column int) int { return gridMargin + column*(modelWidth+modelGap) }
	for i, column := range columns {
		write(canvas, left(i), gridMargin+12, modelWidth, column.title, ink, true)
	}
	y := gridMargin + labelHeight
	for _, row := range rows {
		label := row.prompt
		if row.split != "" {
			label += "   (" + row.category + ", " + row.split + ")"
		}
		write(canvas, gridMargin, y+14, width-2*gridMargin, label, faint, false)
		y += labelHeight
		for i, column := range columns {
			for index := range perPrompt {
				cell := row
				cell.index = int32(index)
				drawn, ok := column.images[cell]
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
	write(canvas, gridMargin, y+14, width-2*gridMargin, "Same prompts and same seeds in every column; prompts taken in order, not chosen by eye.", faint, false)
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
