package reports

import (
	"fmt"
	"image"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/reports/figure"
)

// The bounds of a figure of images.
const (
	figurePrompts = 12
	figureImages  = 4    // of a prompt and model
	leastTile     = 20.0 // points: smaller images show too little
)

// perPromptInFigure is how many images of a prompt have room beside each other.
func (g *imageGrid) perPromptInFigure(places []promptPlace) int {
	per := figureImages
	for _, p := range places {
		for i := range g.models {
			per = min(per, len(g.keys[i][p]))
		}
	}
	for per > 1 && figure.Tile(len(g.models), per) < leastTile {
		per--
	}
	return per
}

// picture is a decoded image as a figure of some columns shows it.
func pictureOf(content []byte, pixels int) (image.Image, error) {
	decoded, err := imaging.Decode(content, imaging.Exchanged)
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	high := max(1, (decoded.Height*pixels+decoded.Width/2)/max(1, decoded.Width))
	if decoded.Width > pixels {
		return imaging.Bicubic.Resize(decoded, pixels, high).Picture(), nil
	}
	return enlarged(decoded.Picture(), pixels, high), nil
}

// enlarged is a picture pixel by pixel: enlarged pixels must look like pixels.
func enlarged(picture image.Image, width, height int) image.Image {
	from := picture.Bounds()
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			to.Set(x, y, picture.At(from.Min.X+x*from.Dx()/width, from.Min.Y+y*from.Dy()/height))
		}
	}
	return to
}

// figure is the images of the first prompts of the draw.
func (g *imageGrid) figure() figure.Figure {
	places := g.drawn[:min(len(g.drawn), figurePrompts)]
	images := figure.Images{PerPrompt: g.perPrompt}
	judged := false
	for _, model := range g.models {
		images.Columns = append(images.Columns, model.title)
	}
	for _, p := range places {
		row := figure.ImageRow{Prompt: p.Prompt, Part: p.part()}
		for i := range g.models {
			var cell []figure.Image
			for _, k := range g.keys[i][p][:g.perPrompt] {
				verdict := figure.Verdict(g.votes[i][k.ID].verdict())
				judged = judged || verdict != figure.NotJudged
				cell = append(cell, figure.Image{Picture: g.pictures[i][k.ID], Verdict: verdict})
			}
			row.Cells = append(row.Cells, cell)
		}
		images.Rows = append(images.Rows, row)
	}
	about := []string{fmt.Sprintf("prompts drawn by seed %d, spread over categories, splits and words; not chosen by eye", g.lot.seed)}
	if judged {
		about = append(about, "a tick: most raters call the image good, a cross: bad, two bars: as many each, no sign: none voted")
	}
	f := figure.Figure{Name: "images", Title: "The same prompts and seeds by each model", About: strings.Join(about, "; "), Images: &images}
	f.Caption = f.Title + ": " + f.About + "."
	if left := g.count - len(g.models); left > 0 {
		f.Caption += fmt.Sprintf(" %s %s no room.", countOf(left, "more model"), map[bool]string{true: "has", false: "have"}[left == 1])
	}
	return f
}
