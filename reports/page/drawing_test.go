package page

import (
	"fmt"
	"math"
	"testing"
)

// TestNamesDoNotMeet: names of points that lie together are placed apart, inside the
// drawing, or left to the legend.
func TestNamesDoNotMeet(t *testing.T) {
	var names placedNames
	placed := 0
	for i := range 8 {
		x, y := 250.0+float64(3*i), 100.0
		names.boxes = append(names.boxes, box{x - 5, y - 5, 10, 10})
		if _, ok := names.put(fmt.Sprint("a model of some length ", i), x, y); ok {
			placed++
		}
	}
	if placed < 2 {
		t.Errorf("%d names have a place", placed)
	}
	written := names.boxes[:0:0]
	for _, b := range names.boxes {
		if b.width > 10 {
			written = append(written, b)
		}
	}
	for i, a := range written {
		if a.x < plotLeft || a.x+a.width > plotWidth || a.y < 0 || a.y+a.height > plotBottom {
			t.Errorf("name %d leaves the drawing: %+v", i, a)
		}
		for j, b := range written[:i] {
			if a.meets(b) {
				t.Errorf("names %d and %d meet", i, j)
			}
		}
	}
}

// TestDrawing: a colour and a name in the legend for each series, a bar for each
// interval, and what is not finite is left out.
func TestDrawing(t *testing.T) {
	d := Plot{Series: []Series{
		{Name: "base", Points: []Point{{XY: XY{1, 40}, Name: "base", Baseline: true, YInterval: &Interval{35, 45}}}},
		{Name: "tuned", Color: 1, Points: []Point{
			{XY: XY{2, 60}, Name: "tuned", XInterval: &Interval{1.5, 2.5}, YInterval: &Interval{55, 65}},
			{XY: XY{math.NaN(), 60}}, {XY: XY{2, math.Inf(1)}},
		}},
		{Name: "tuned", Color: 1, Line: []XY{{1, 40}, {math.NaN(), 1}, {2, 60}}},
	}, Floor: &Floor{X: 0.5, Name: "real"}}.Drawing()
	if len(d.Marks) != 2 || len(d.Marks[0].Bars) != 1 || len(d.Marks[1].Bars) != 2 || !d.Marks[0].Baseline {
		t.Errorf("marks %+v", d.Marks)
	}
	if len(d.Legend) != 2 || d.Legend[0].Name != "base" || d.Legend[1].Name != "tuned" {
		t.Errorf("legend %+v", d.Legend)
	}
	// By hand: x goes from 0.5, the floor, to 2.5 over 386 units, y from 35 to 65 over
	// 248: 62 + 386/4 and 258 - 248/6; 62 + 386*3/4 and 258 - 248*5/6.
	if got, want := d.Lines[0].Path, "M158.5 216.7L351.5 51.3"; got != want {
		t.Errorf("the line is %q, want %q", got, want)
	}
	if d.Floor != place(plotLeft) {
		t.Errorf("the floor is at %s", d.Floor)
	}
}
