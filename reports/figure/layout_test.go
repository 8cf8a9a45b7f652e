package figure

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// anyFigure is a figure of any numbers and names.
func anyFigure(t *rapid.T) Figure {
	draw := rapid.Float64Range(-1, 1)
	factor := math.Pow(10, float64(rapid.IntRange(-8, 8).Draw(t, "power")))
	name := rapid.SampledFrom([]string{"base", "full", "a_rather_long_name_of_a_model", "gjpq|", "ümläut", "模型", "a name of words (lambda=0.5 steps=200)"})
	f := Figure{Name: "any", Title: name.Draw(t, "title"), About: rapid.SampledFrom([]string{"", "n = 480 of 120 prompts; 3 seeds; bars: 95 % over the seeds and a good deal more that has to be said of them"}).Draw(t, "about")}
	f.Columns = rapid.IntRange(0, 3).Draw(t, "columns")
	even := rapid.Bool().Draw(t, "even")
	sameAxis := rapid.Bool().Draw(t, "same axis")
	for p := range rapid.IntRange(1, 4).Draw(t, "panels") {
		panel := Panel{Title: rapid.SampledFrom([]string{"", "unseen prompts"}).Draw(t, "panel"), X: Axis{Label: "a variable"}, Y: Axis{Label: "a metric, %"}}
		if !sameAxis {
			panel.Y.Label = fmt.Sprint("metric ", p)
		}
		panel.X.Scale = rapid.SampledFrom([]Scale{Linear, Log}).Draw(t, "scale")
		values := rapid.IntRange(1, 9).Draw(t, "values")
		if even {
			panel.X.Scale = Even
			for i := range values {
				panel.X.Names = append(panel.X.Names, fmt.Sprint(name.Draw(t, "value"), i))
			}
		}
		for s := range rapid.IntRange(0, 5).Draw(t, "series") {
			series := Series{Name: fmt.Sprint(name.Draw(t, "series"), s), Style: s - 1}
			var line Line
			for i := range values {
				point := Point{XY: XY{factor * (draw.Draw(t, "x") + 1.5), factor * draw.Draw(t, "y")}}
				if even {
					point.X = float64(i)
				}
				if rapid.IntRange(0, 9).Draw(t, "broken") == 0 {
					point.Y = rapid.SampledFrom([]float64{math.NaN(), math.Inf(-1)}).Draw(t, "no number")
				}
				if rapid.Bool().Draw(t, "interval") {
					half := factor * math.Abs(draw.Draw(t, "half"))
					point.YInterval = &Interval{point.Y - half, point.Y + half}
					point.XInterval = &Interval{point.X - half, point.X + half}
				}
				if rapid.Bool().Draw(t, "named") {
					point.Name = name.Draw(t, "name")
				}
				point.Baseline = rapid.IntRange(0, 5).Draw(t, "baseline") == 0
				series.Points = append(series.Points, point)
				line.Points = append(line.Points, point.XY)
			}
			if rapid.Bool().Draw(t, "lined") {
				series.Lines = []Line{line}
			}
			panel.Series = append(panel.Series, series)
		}
		if rapid.Bool().Draw(t, "ruled") {
			panel.Rules = []Rule{{At: factor, Band: &Interval{0, 2 * factor}, Name: "a rule", Style: Baseline}}
		}
		f.Panels = append(f.Panels, panel)
	}
	return f
}

// TestTextsDoNotMeet: whatever is drawn, no two texts meet, names keep clear of marks and
// bars, all of it is within the figure, and none is smaller than 7 points.
func TestTextsDoNotMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFigure(t)
		width := rapid.SampledFrom([]float64{FullWidth, HalfWidth}).Draw(t, "width")
		s := f.Lay(Layout{Width: width})
		whole := Box{-0.01, -0.01, s.Width + 0.02, s.Height + 0.02}
		for i, a := range s.Texts {
			if a.Size < 7 {
				t.Errorf("%q is of %v points", a.Words, a.Size)
			}
			if !a.Box.within(whole) {
				t.Errorf("%s %q at %+v leaves the figure of %v × %v", a.Role, a.Words, a.Box, s.Width, s.Height)
			}
			for _, b := range s.Texts[:i] {
				if a.Box.meets(b.Box) {
					t.Errorf("%s %q at %+v meets %s %q at %+v", a.Role, a.Words, a.Box, b.Role, b.Words, b.Box)
				}
			}
			if a.Role != RoleName {
				continue
			}
			for _, m := range s.Marks {
				for _, b := range m.boxes() {
					if a.Box.meets(b) {
						t.Errorf("the name %q at %+v meets a mark at %+v", a.Words, a.Box, b)
					}
				}
			}
		}
		for _, stroke := range s.Strokes {
			for _, at := range stroke.Points {
				if math.IsNaN(at.X+at.Y) || !(Box{at.X, at.Y, 0, 0}).within(whole) {
					t.Errorf("a %s passes %v", stroke.Role, at)
				}
			}
		}
	})
}

// crowded is a figure with points of like place.
func crowded(points int) Figure {
	panel := Panel{X: Axis{Label: "FID"}, Y: Axis{Label: "good, %"}}
	for i := range points {
		x, y := 4+0.01*float64(i%3), 60+0.01*float64(i)
		panel.Series = append(panel.Series, Series{Name: fmt.Sprint("model ", i), Style: i % Styles, Points: []Point{{XY: XY{x, y}, Name: fmt.Sprint("model ", i), Whole: true, YInterval: &Interval{y - 1, y + 1}}}})
	}
	return Figure{Title: "crowded", Panels: []Panel{panel}}
}

// TestNames: of few points each has its name beside it, and no entry of a legend; of many,
// what has no room is told.
func TestNames(t *testing.T) {
	s := crowded(3).Lay(Layout{Width: FullWidth})
	if len(s.Keys) != 0 || len(s.Left) != 0 {
		t.Errorf("of three points %d have an entry of the legend: %q", len(s.Keys), s.Left)
	}
	f := crowded(45)
	s = f.Lay(Layout{Width: FullWidth})
	if len(s.Keys) != 45 || len(s.Left) != 1 || !strings.Contains(s.Left[0], "45") {
		t.Errorf("of 45 points: %d entries, %q", len(s.Keys), s.Left)
	}
	f = crowded(70)
	if s := f.Lay(Layout{Width: FullWidth}); !strings.Contains(strings.Join(s.Left, " "), "bars are left out") {
		t.Errorf("of 70 points: %q", s.Left)
	}
}

// TestPanelsShareTheirRange: axes that are called alike go alike, others do not.
func TestPanelsShareTheirRange(t *testing.T) {
	of := func(label string, y float64) Panel {
		return Panel{X: Axis{Label: "x"}, Y: Axis{Label: label}, Series: []Series{{Points: []Point{{XY: XY{0, y}}, {XY: XY{1, y + 1}}}}}}
	}
	labels := func(f Figure) (all []string) {
		for _, text := range f.Lay(Layout{Width: FullWidth}).Texts {
			if text.Role == RoleTick {
				all = append(all, text.Words)
			}
		}
		return all
	}
	alike, unlike := labels(Figure{Panels: []Panel{of("y", 0), of("y", 100)}}), labels(Figure{Panels: []Panel{of("y", 0), of("z", 100)}})
	if !strings.Contains(strings.Join(alike, " "), "100") || len(unlike) <= len(alike) {
		t.Errorf("alike %q, unlike %q", alike, unlike)
	}
}

func pictured() Figure {
	picture := image.NewRGBA(image.Rect(0, 0, 32, 32))
	for i := range 32 {
		picture.Set(i, i, color.RGBA{200, 0, 0, 255})
	}
	row := ImageRow{Prompt: "a red ring", Part: "color, unseen"}
	for _, v := range []Verdict{JudgedGood, JudgedBad} {
		row.Cells = append(row.Cells, []Image{{picture, v}, {picture, JudgedEven}})
	}
	return Figure{Name: "images", Title: "Images", Images: &Images{Columns: []string{"base", "a_model_with_a_very_long_name_that_has_to_be_broken (lambda=0.5)"}, PerPrompt: 2, Rows: []ImageRow{row, row}}}
}

// TestImages: a tick, a cross and two bars by turns, names whole, nothing upon another.
func TestImages(t *testing.T) {
	f := pictured()
	s := f.Lay(Layout{Width: FullWidth})
	if len(s.Pictures) != 8 || len(s.Strokes) != 2*(1+2+2*2) {
		t.Errorf("%d pictures and %d strokes", len(s.Pictures), len(s.Strokes))
	}
	name := ""
	for i, a := range s.Texts {
		if a.Role == RoleTitle {
			name += a.Words
		}
		for _, b := range s.Texts[:i] {
			if a.Box.meets(b.Box) {
				t.Errorf("%q meets %q", a.Words, b.Words)
			}
		}
		for _, p := range s.Pictures {
			if a.Box.meets(p.In) {
				t.Errorf("%q meets a picture", a.Words)
			}
		}
	}
	if !strings.Contains(strings.ReplaceAll(name, " ", ""), "a_model_with_a_very_long_name_that_has_to_be_broken(lambda=0.5)") {
		t.Errorf("the names are %q", name)
	}
}

// TestSameBytes: a figure is the same file each time, without the time of day.
func TestSameBytes(t *testing.T) {
	for _, f := range []Figure{crowded(6), pictured()} {
		for kind, write := range map[string]func(Scene, io.Writer) error{
			"PNG": func(s Scene, w io.Writer) error { return s.WritePNG(w) },
			"SVG": func(s Scene, w io.Writer) error { return s.WriteSVG(w, f.Title, "a <caption>") },
			"PDF": func(s Scene, w io.Writer) error { return s.WritePDF(w, f.Title) },
		} {
			var first [sha256.Size]byte
			for i := range 3 {
				var b bytes.Buffer
				if err := write(f.Lay(Layout{Width: FullWidth}), &b); err != nil {
					t.Fatal(err)
				}
				if i == 0 {
					first = sha256.Sum256(b.Bytes())
				}
				if sha256.Sum256(b.Bytes()) != first {
					t.Errorf("%s of %s differs", kind, f.Title)
				}
				content := b.String()
				switch kind {
				case "PNG":
					config, err := png.DecodeConfig(&b)
					if err != nil || config.Width != 1650 {
						t.Errorf("%d pixels wide, %v", config.Width, err)
					}
				case "PDF":
					if strings.Contains(content, "Date") || !strings.Contains(content, "/FontFile2") {
						t.Errorf("the PDF has a date, or no font")
					}
				case "SVG":
					if strings.Contains(content, "<text") || strings.Contains(content, "NaN") || !strings.Contains(content, "<desc>a &lt;caption&gt;</desc>") {
						t.Errorf("the SVG has letters, a number that is none, or no caption")
					}
				}
			}
		}
	}
}

// TestStylesDiffer: each has a colour of its own, and a marker and a dash that no other
// pair is: they are told apart without colours.
func TestStylesDiffer(t *testing.T) {
	seen := map[string]bool{}
	colours := map[color.NRGBA]bool{}
	for style := Baseline; style < Styles; style++ {
		seen[fmt.Sprint(markerOf(style))] = true
		seen["dash"+fmt.Sprint(dashOf(style))] = true
		colours[colorOf(style)] = true
	}
	if len(seen) != 2*(Styles+1) || len(colours) != Styles+1 {
		t.Errorf("%d markers and dashes, %d colours of %d styles", len(seen), len(colours), Styles+1)
	}
}

// TestLettersThatTheTypefaceHas: signs of the figures are among them; others get a box.
func TestLettersThatTheTypefaceHas(t *testing.T) {
	for words, want := range map[string]string{"− … ± × λ ü": "− … ± × λ ü", "模\n\x00": "□ □"} {
		if got := printable(words); got != want {
			t.Errorf("%q becomes %q, want %q", words, got, want)
		}
	}
}

// BenchmarkFigure is a figure of eight curves in all its forms.
func BenchmarkFigure(b *testing.B) {
	panel := Panel{X: Axis{Label: "step"}, Y: Axis{Label: "loss"}}
	for i := range Styles {
		line := Line{}
		for step := range 150 {
			line.Points = append(line.Points, XY{float64(step), math.Sin(float64(step*i)) + float64(i)})
		}
		panel.Series = append(panel.Series, Series{Name: fmt.Sprint(i), Style: i, Lines: []Line{line}})
	}
	f := Figure{Title: "curves", Panels: []Panel{panel, panel}}
	for b.Loop() {
		s := f.Lay(Layout{Width: FullWidth})
		for _, err := range []error{s.WritePNG(io.Discard), s.WriteSVG(io.Discard, "", ""), s.WritePDF(io.Discard, "")} {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
