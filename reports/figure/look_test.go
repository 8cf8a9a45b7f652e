package figure

import (
	"fmt"
	"math"
	"os"
	"testing"
)

func TestLook(t *testing.T) {
	zero, hundred := 0.0, 100.0
	var front Series
	var f Figure
	f = Figure{Name: "front", Title: "Alignment against fidelity", About: "480 images of 120 prompts; bars: 95 % of the share and, about FID, of its difference from the baseline"}
	p := Panel{X: Axis{Label: "FID (lower is better)"}, Y: Axis{Label: "images judged good, %", Least: &zero, Most: &hundred}}
	for i, n := range []string{"full", "labelled", "supervised", "best_of_8", "rejection_sampling", "dpo_long_name"} {
		x, y := 4+float64(i%3)*.5, 60+float64(i)*1.2
		p.Series = append(p.Series, Series{Name: n, Style: i, Points: []Point{{XY: XY{x, y}, Name: n, YInterval: &Interval{y - 5, y + 5}, XInterval: &Interval{x - .3, x + .4}}}})
	}
	p.Series = append(p.Series, Series{Name: "base", Style: Baseline, Points: []Point{{XY: XY{3, 43}, Name: "base (baseline)", YInterval: &Interval{38, 48}}}})
	p.Rules = []Rule{{Vertical: true, At: 1.1, Name: "other draws of the reference: FID 1.1", Style: Baseline}}
	f.Panels = []Panel{p}
	_ = front
	var a Figure
	a = Figure{Name: "ablation", Title: "Share of good images against label_fraction", About: "3 seeds; dots: each seed; marks: mean; bars: 95 %, t over the seeds"}
	for _, split := range []string{"seen prompts", "unseen prompts"} {
		p := Panel{Title: split, X: Axis{Label: "label_fraction (log)", Scale: Log, Values: []float64{.1, .25, .5, 1}, Names: []string{"0.1", "0.25", "0.5", "1"}}, Y: Axis{Label: "images judged good, %", Least: &zero, Most: &hundred}}
		for m := range 2 {
			s := Series{Name: []string{"full", "labelled"}[m], Style: m}
			var line Line
			for i, x := range p.X.Values {
				y := 40 + 6*float64(i) + 7*float64(m)
				s.Points = append(s.Points, Point{XY: XY{x, y}, Shift: float64(m)*4 - 2, YInterval: &Interval{y - 6, y + 6}, Baseline: i == 3})
				for k := range 3 {
					s.Points = append(s.Points, Point{XY: XY{x, y + float64(k)*2 - 2}, Shift: float64(m)*4 - 2, Small: true})
				}
				line.Points = append(line.Points, XY{x, y})
			}
			s.Lines = []Line{line}
			p.Series = append(p.Series, s)
		}
		p.Rules = []Rule{{At: 43, Band: &Interval{40, 46}, Name: "base (not touched)", Style: Baseline}}
		a.Panels = append(a.Panels, p)
	}
	var c Figure
	c = Figure{Name: "curves", Title: "Training: fine-tuning", About: "smoothed: mean over 21 steps; behind: each step", Columns: 3}
	for _, term := range []string{"loss", "reward_weighted", "pretraining"} {
		p := Panel{Title: term, X: Axis{Label: "step"}, Y: Axis{Label: term}}
		for k := range 3 {
			var raw, main Line
			raw.Weight = Raw
			for i := range 200 {
				y := math.Exp(-float64(i)/50) + .2*float64(k)
				main.Points = append(main.Points, XY{float64(i), y})
				raw.Points = append(raw.Points, XY{float64(i), y + .1*math.Sin(float64(i*i))})
			}
			p.Series = append(p.Series, Series{Name: fmt.Sprint("variant ", k), Style: k, Lines: []Line{raw, main}})
		}
		c.Panels = append(c.Panels, p)
	}
	cat := Figure{Name: "cat", Title: "Categories", Panels: []Panel{{X: Axis{Label: "objective", Scale: Even, Names: []string{"reward_weighted", "supervised", "rejection_sampling", "direct_preference", "mirror"}}, Y: Axis{Label: "KID"}}}}
	for i := range 5 {
		cat.Panels[0].Series = append(cat.Panels[0].Series, Series{Name: "", Style: 0, Points: []Point{{XY: XY{float64(i), 0.0013 * float64(i)}, YInterval: &Interval{0.0013*float64(i) - .001, 0.0013*float64(i) + .001}}}})
	}
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip()
	}
	for _, f := range []Figure{f, a, c, cat} {
		for _, w := range []float64{FullWidth, HalfWidth} {
			s := f.Lay(Layout{Width: w})
			for _, kind := range []string{"png", "svg", "pdf"} {
				name := fmt.Sprintf("%s/%s-%.0f.%s", dir, f.Name, w, kind)
				o, _ := os.Create(name)
				var err error
				switch kind {
				case "png":
					err = s.WritePNG(o)
				case "svg":
					err = s.WriteSVG(o, f.Title, f.Caption)
				case "pdf":
					err = s.WritePDF(o, f.Title)
				}
				if err != nil {
					t.Error(err)
				}
				o.Close()
			}
			t.Log(s.Left)
		}
	}
}
