package figure

import (
	"cmp"
	"math"
	"slices"
)

// Widths of figures in points: of the text of a NeurIPS paper, and of half of it, for two
// beside each other.
const (
	FullWidth = 5.5 * 72
	HalfWidth = 2.7 * 72
)

// Layout says how a figure is laid out.
type Layout struct {
	Width float64 // in points
	// Bare leaves out the title, the line under it and the legend: whoever shows the
	// scene has them elsewhere, and letters of its own.
	Bare bool
	// Enlarged is how many times as large as in a paper texts and marks are; 0: once.
	Enlarged float64
}

// Distances in points.
const (
	edge      = 3.0  // around the figure
	tickGap   = 3.0  // between an axis and its numbers
	lineRoom  = 1.22 // of a text in its size
	panelGap  = 10.0
	swatch    = 20.0 // of a legend's entry
	narrow    = 7.0  // of one without a line across
	mostBars  = 60   // points of a panel that have their intervals drawn
	markSize  = 2.6
	smallMark = 1.35
	// foreign is how much wider letters may be where a reader's machine chooses them.
	foreign   = 1.14
	mostNamed = 40 // points of a panel that may have names
)

// layout is a figure while it is laid out.
type layout struct {
	Scene
	figure   Figure
	enlarged float64
	wider    float64         // how many times as wide as the typeface's letters may be
	names    map[string]bool // of points that stand beside them
}

// Lay places a figure. What is not finite, and what is not above zero on a logarithmic
// axis, is left out.
func (f Figure) Lay(o Layout) Scene {
	if o.Enlarged == 0 {
		o.Enlarged = 1
	}
	first := f.lay(o, f.keys(nil))
	// What has its name beside it needs no entry in the legend.
	if keys := f.keys(first.names); len(keys) < len(first.Keys) {
		if again := f.lay(o, keys); len(again.names) >= len(first.names) {
			return again.Scene
		}
	}
	return first.Scene
}

func (f Figure) lay(o Layout, keys []Key) *layout {
	l := &layout{figure: f, enlarged: o.Enlarged, wider: 1, names: map[string]bool{}}
	if o.Bare {
		l.wider = foreign
	}
	l.Width = o.Width
	y := edge
	if !o.Bare {
		y = l.paragraph(RoleTitle, f.Title, titleSize, true, y)
		y = l.paragraph(RoleAbout, f.About, aboutSize, false, y)
	}
	l.Keys = keys
	if !o.Bare {
		y = l.legend(y)
	}
	if f.Images != nil {
		y = l.images(*f.Images, y)
	} else {
		y = l.panels(y)
	}
	l.Height = y + edge
	return l
}

func (l *layout) size(points float64) float64 { return points * l.enlarged }

func (l *layout) width(words string, size float64, bold bool) float64 {
	return l.wider * width(words, size, bold)
}

func (l *layout) wrapped(words string, size float64, bold bool, room float64) []string {
	return wrapped(words, size, bold, room/l.wider)
}

func (l *layout) fitted(words string, size float64, bold bool, room float64) string {
	return fitted(words, size, bold, room/l.wider)
}

// text adds words. The place is the anchored end on the baseline.
func (l *layout) text(t Text) Text {
	t.Words = printable(t.Words)
	long := l.width(t.Words, t.Size, t.Bold)
	left := map[Anchor]float64{Start: 0, Middle: long / 2, End: long}[t.Anchor]
	ascent, high := 0.78*t.Size, 1.0*t.Size
	t.Box = Box{t.At.X - left, t.At.Y - ascent, long, high}
	if t.Vertical { // reads upwards: the line begins below
		t.Box = Box{t.At.X - ascent, t.At.Y + left - long, high, long}
	}
	l.Texts = append(l.Texts, t)
	return t
}

// paragraph adds lines over the whole width, and returns where they end.
func (l *layout) paragraph(role Role, words string, points float64, bold bool, y float64) float64 {
	size := l.size(points)
	for _, line := range l.wrapped(printable(words), size, bold, l.Width-2*edge) {
		l.text(Text{Role: role, Words: line, At: XY{edge, y + size}, Anchor: Start, Size: size, Bold: bold})
		y += lineRoom * size
	}
	return y
}

// keys are the entries of the legend: a name for each rule that has one, and for each
// series but those of a single point that is named already.
func (f Figure) keys(named map[string]bool) []Key {
	var all []Key
	add := func(k Key) {
		if k.Name == "" {
			return
		}
		at := slices.IndexFunc(all, func(other Key) bool { return other.Name == k.Name && other.Style == k.Style && other.Rule == k.Rule })
		if at < 0 {
			all = append(all, k)
			return
		}
		all[at].Thin = all[at].Thin && (k.Thin || !k.Line)
		all[at].Line, all[at].Mark = all[at].Line || k.Line, all[at].Mark || k.Mark
	}
	for _, panel := range f.Panels {
		for _, s := range panel.Series {
			if len(s.Points) == 1 && len(s.Lines) == 0 && s.Points[0].Whole && named[s.Points[0].Name] {
				continue
			}
			thin := !slices.ContainsFunc(s.Lines, func(l Line) bool { return l.Weight == Main })
			add(Key{Name: s.Name, Style: s.Style, Line: len(s.Lines) > 0, Thin: len(s.Lines) > 0 && thin, Mark: len(s.Points) > 0})
		}
	}
	for _, panel := range f.Panels {
		for _, r := range panel.Rules {
			add(Key{Name: r.Name, Style: r.Style, Line: true, Rule: true, Turn: r.Vertical, Band: !known(r.At)})
		}
	}
	return all
}

// legend adds its entries in lines from y on, and returns where they end.
func (l *layout) legend(y float64) float64 {
	if len(l.Keys) == 0 {
		return y
	}
	size := l.size(keySize)
	x, gap := edge, l.size(10)
	y += 2
	for _, k := range l.Keys {
		sign := l.size(swatch)
		if !k.Line || k.Turn {
			sign = l.size(narrow)
		}
		name := l.fitted(printable(k.Name), size, false, l.Width-2*edge-sign-3)
		long := sign + 3 + l.width(name, size, false)
		if x > edge && x+long > l.Width-edge {
			x = edge
			y += 1.35 * size
		}
		bands, strokes, marks := k.sign(Box{x, y, sign, size}, l.enlarged)
		l.Bands = append(l.Bands, bands...)
		l.Strokes, l.Marks = append(l.Strokes, strokes...), append(l.Marks, marks...)
		l.text(Text{Role: RoleKey, Words: name, At: XY{x + sign + 3, y + 0.85*size}, Anchor: Start, Size: size})
		x += long + gap
	}
	return y + 1.35*size + 2
}

// placed is a panel with its axes.
type placed struct {
	Panel
	x, y           scale
	xTicks, yTicks []tick
	upright        bool // the numbers of the x axis stand upright
	area           Box
	shared         bool // the panel to the left has the same y axis
}

// panels lays out the panels in rows from y on, and returns where they end.
func (l *layout) panels(y float64) float64 {
	columns := l.figure.Columns
	if columns <= 0 || columns > len(l.figure.Panels) {
		columns = max(1, len(l.figure.Panels))
	}
	for columns > 1 && l.Width/float64(columns) < l.size(95) {
		columns = (columns + 1) / 2
	}
	var rows [][]*placed
	for row := range slices.Chunk(l.figure.Panels, columns) {
		var panels []*placed
		for i, p := range row {
			one := &placed{Panel: p, shared: i > 0 && row[i-1].Y.Label == p.Y.Label && row[i-1].Y.Scale == p.Y.Scale}
			one.x, one.y = l.spans(p)
			panels = append(panels, one)
		}
		rows = append(rows, panels)
	}
	high := min(max(0.6*l.Width/float64(columns), l.size(86)), 200*math.Sqrt(l.enlarged))
	// How wide the columns are depends on their numbers, and these on how wide they are.
	left, right := make([]float64, columns), make([]float64, columns)
	for _, row := range rows {
		for c, p := range row {
			p.area.Height = high
			p.y.from, p.y.to = high, 0
			p.yTicks = p.Y.fitting(p.y, func(t tick) float64 { return 1.5 * l.size(tickSize) })
			left[c] = max(left[c], l.leftOf(p))
			right[c] = edge
		}
	}
	for range 3 {
		plot := l.Width - panelGap*float64(columns-1)
		for c := range columns {
			plot -= left[c] + right[c]
		}
		plot = max(plot/float64(columns), 20)
		x := 0.0
		for c := range columns {
			x += left[c]
			for _, row := range rows {
				if c >= len(row) {
					continue
				}
				p := row[c]
				p.area.X, p.area.Width = x, plot
				p.x.from, p.x.to = x, x+plot
				l.fitX(p)
				if n := len(p.xTicks); n > 0 && !p.upright {
					over := p.x.at(p.xTicks[n-1].value) + l.width(p.xTicks[n-1].label, l.size(tickSize), false)/2 - (x + plot)
					right[c] = max(right[c], over+1)
					over = x - (p.x.at(p.xTicks[0].value) - l.width(p.xTicks[0].label, l.size(tickSize), false)/2)
					left[c] = max(left[c], over+edge)
				}
			}
			x += plot + right[c] + panelGap
		}
	}
	for i, row := range rows {
		if i > 0 {
			y += 4
		}
		y = l.row(row, y+4)
	}
	return y
}

// row paints a row of panels from y on, and returns where it ends.
func (l *layout) row(row []*placed, y float64) float64 {
	size := l.size(labelSize)
	lines := 0
	titles := make([][]string, len(row))
	for i, p := range row {
		titles[i] = l.wrapped(printable(p.Title), size, true, p.area.Width+2)
		titles[i] = titles[i][:min(2, len(titles[i]))]
		lines = max(lines, len(titles[i]))
	}
	top := y + float64(lines)*lineRoom*size + 2
	bottom := top
	for i, p := range row {
		for j, line := range titles[i] {
			at := top - 4 - float64(len(titles[i])-1-j)*lineRoom*size
			l.text(Text{Role: RoleTitle, Words: line, At: XY{p.area.X, at}, Anchor: Start, Size: size, Bold: true})
		}
		p.area.Y = top
		p.y.from, p.y.to = top+p.area.Height, top
		bottom = max(bottom, l.axes(p))
	}
	labels := 0.0
	for _, p := range row {
		end := bottom
		for _, line := range l.wrapped(printable(p.X.Label), size, false, p.area.Width+4) {
			l.text(Text{Role: RoleAxis, Words: line, At: XY{p.area.X + p.area.Width/2, end + size}, Anchor: Middle, Size: size})
			end += lineRoom * size
		}
		labels = max(labels, end)
	}
	for _, p := range row {
		l.content(p)
	}
	return labels
}

// spans are the ranges of a panel's axes over all panels whose axes are called alike.
func (l *layout) spans(p Panel) (x, y scale) {
	var xs, ys []float64
	for _, other := range l.figure.Panels {
		alike := [2]bool{other.X.Label == p.X.Label && other.X.Scale == p.X.Scale, other.Y.Label == p.Y.Label && other.Y.Scale == p.Y.Scale}
		ofX, ofY := other.numbers()
		if alike[0] {
			xs = append(xs, ofX...)
		}
		if alike[1] {
			ys = append(ys, ofY...)
		}
	}
	return p.X.span(xs), p.Y.span(ys)
}

// count is how many points a panel has.
func (p Panel) count() int {
	count := 0
	for _, s := range p.Series {
		count += len(s.Points)
	}
	return count
}

// numbers are all that a panel has to have room for.
func (p Panel) numbers() (xs, ys []float64) {
	add := func(at XY) {
		if at.known() {
			xs, ys = append(xs, at.X), append(ys, at.Y)
		}
	}
	bars := p.count() <= mostBars
	for _, s := range p.Series {
		for _, line := range s.Lines {
			for _, at := range line.Points {
				add(at)
			}
		}
		for _, point := range s.Points {
			add(point.XY)
			if i := point.XInterval; i != nil && bars && point.known() {
				xs = append(xs, i.Low, i.High)
			}
			if i := point.YInterval; i != nil && bars && point.known() {
				ys = append(ys, i.Low, i.High)
			}
		}
	}
	for _, r := range p.Rules {
		of := &ys
		if r.Vertical {
			of = &xs
		}
		*of = append(*of, r.At)
		if r.Band != nil {
			*of = append(*of, r.Band.Low, r.Band.High)
		}
	}
	return xs, ys
}

// leftOf is how much room a panel needs to the left of its axes.
func (l *layout) leftOf(p *placed) float64 {
	if p.shared {
		return 2
	}
	widest := 0.0
	for _, t := range p.yTicks {
		widest = max(widest, l.width(printable(t.label), l.size(tickSize), false))
	}
	return edge + float64(len(l.yLabel(p)))*lineRoom*l.size(labelSize) + widest + tickGap + 2
}

func (l *layout) yLabel(p *placed) []string {
	lines := l.wrapped(printable(p.Y.Label), l.size(labelSize), false, p.area.Height)
	return lines[:min(3, len(lines))]
}

// fitting are the ticks of an axis whose labels have room; extent is how much of the axis
// a label takes.
func (a Axis) fitting(s scale, extent func(tick) float64) []tick {
	if a.Names != nil {
		return thinned(a.ticks(s, 0), s, extent)
	}
	room := int(math.Abs(s.to-s.from)/14) + 2
	var kept []tick
	for most := min(8, room); most > 1; most-- {
		all := a.ticks(s, most)
		thin := thinned(all, s, extent)
		if len(thin) > 0 {
			kept = thin
		}
		if len(thin) == len(all) && len(all) > 0 {
			break
		}
	}
	return kept
}

// thinned are the ticks without those that would meet another, the outermost kept.
func thinned(all []tick, s scale, extent func(tick) float64) []tick {
	slices.SortStableFunc(all, func(a, b tick) int { return cmp.Compare(a.value, b.value) })
	var kept []tick
	free := func(a, b tick) bool {
		return math.Abs(s.at(a.value)-s.at(b.value)) >= (extent(a)+extent(b))/2
	}
	for i, t := range all {
		last := i == len(all)-1
		for last && len(kept) > 1 && !free(kept[len(kept)-1], t) {
			kept = kept[:len(kept)-1]
		}
		if len(kept) == 0 || free(kept[len(kept)-1], t) {
			kept = append(kept, t)
		}
	}
	return kept
}

// longestUpright is the room that names below an axis take at most, upright.
const longestUpright = 90.0

// fitX chooses the numbers of the x axis; names that have no room beside each other stand
// upright.
func (l *layout) fitX(p *placed) {
	size := l.size(tickSize)
	beside := func(t tick) float64 { return l.width(printable(t.label), size, false) + 0.8*size }
	p.upright = false
	p.xTicks = p.X.fitting(p.x, beside)
	long := slices.ContainsFunc(p.xTicks, func(t tick) bool { return l.width(printable(t.label), size, false) > p.area.Width })
	if p.X.Scale == Even && (long || len(p.xTicks) < len(p.X.Names)) {
		p.upright = true
		p.xTicks = p.X.fitting(p.x, func(tick) float64 { return 1.15 * size })
	}
}

// axes paints the grid, the frame and the numbers, and returns where these end.
func (l *layout) axes(p *placed) float64 {
	size := l.size(tickSize)
	a := p.area
	bottom := a.Y + a.Height
	for _, t := range p.xTicks {
		x := p.x.at(t.value)
		if p.X.Scale != Even {
			l.Strokes = append(l.Strokes, Stroke{Role: RoleGrid, Points: []XY{{x, a.Y}, {x, bottom}}})
		}
		l.Strokes = append(l.Strokes, Stroke{Role: RoleFrame, Points: []XY{{x, bottom}, {x, bottom + 2}}})
	}
	for _, t := range p.yTicks {
		y := p.y.at(t.value)
		l.Strokes = append(l.Strokes, Stroke{Role: RoleGrid, Points: []XY{{a.X, y}, {a.X + a.Width, y}}})
	}
	l.Strokes = append(l.Strokes, Stroke{Role: RoleFrame, Points: []XY{{a.X, a.Y}, {a.X, bottom}, {a.X + a.Width, bottom}}})
	end := bottom
	for _, t := range p.xTicks {
		x := p.x.at(t.value)
		if p.upright {
			label := l.fitted(printable(t.label), size, false, longestUpright)
			text := l.text(Text{Role: RoleTick, Words: label, At: XY{x + 0.35*size, bottom + tickGap + 1}, Anchor: End, Size: size, Vertical: true})
			end = max(end, text.Box.Y+text.Box.Height)
			continue
		}
		text := l.text(Text{Role: RoleTick, Words: t.label, At: XY{x, bottom + tickGap + size}, Anchor: Middle, Size: size})
		end = max(end, text.Box.Y+text.Box.Height)
	}
	if p.shared {
		return end
	}
	for _, t := range p.yTicks {
		l.text(Text{Role: RoleTick, Words: t.label, At: XY{a.X - tickGap, p.y.at(t.value) + 0.35*size}, Anchor: End, Size: size})
	}
	widest := 0.0
	for _, t := range p.yTicks {
		widest = max(widest, l.width(printable(t.label), size, false))
	}
	lines := l.yLabel(p)
	x := a.X - tickGap - widest - 3 - float64(len(lines)-1)*lineRoom*l.size(labelSize) - 0.25*l.size(labelSize)
	for _, line := range lines {
		l.text(Text{Role: RoleAxis, Words: line, At: XY{x, a.Y + a.Height/2}, Anchor: Middle, Size: l.size(labelSize), Vertical: true})
		x += lineRoom * l.size(labelSize)
	}
	return end
}

// content paints the rules and series of a panel and the names of its points.
func (l *layout) content(p *placed) {
	a := p.area
	for _, r := range p.Rules {
		l.rule(p, r)
	}
	var lines []Stroke
	count := p.count()
	for _, s := range p.Series {
		for _, line := range s.Lines {
			var points []XY
			for _, at := range line.Points {
				if p.has(at) {
					points = append(points, XY{p.x.at(at.X) + l.size(line.Shift), p.y.at(at.Y)})
				}
			}
			if len(points) < 2 {
				continue
			}
			stroke := Stroke{Role: RoleLine, Style: s.Style, Weight: line.Weight, Points: points}
			if line.Weight == Main {
				stroke.Dash = dashOf(s.Style)
			}
			lines = append(lines, stroke)
		}
	}
	// What stands out most is painted last.
	slices.SortStableFunc(lines, func(a, b Stroke) int { return cmp.Compare(b.Weight, a.Weight) })
	l.Strokes = append(l.Strokes, lines...)
	names := names{area: a, enlarged: l.enlarged}
	for _, line := range lines {
		if line.Weight != Raw {
			names.lines = append(names.lines, line.Points)
		}
	}
	var marks []Mark
	var named []naming
	for _, s := range p.Series {
		for _, point := range s.Points {
			if !p.has(point.XY) {
				continue
			}
			mark := Mark{Style: s.Style, Marker: markerOf(s.Style), Radius: l.size(markSize), Detail: point.Detail,
				At: XY{p.x.at(point.X) + l.size(point.Shift), p.y.at(point.Y)}}
			mark.Ring = point.Baseline && !point.Small
			if point.Small {
				mark.Small, mark.Radius = true, l.size(smallMark)
			}
			if i := point.XInterval; i != nil && p.X.Scale != Even && count <= mostBars && p.has(XY{i.Low, point.Y}) && p.has(XY{i.High, point.Y}) {
				mark.Bars = append(mark.Bars, [2]XY{{p.x.at(i.Low), mark.At.Y}, {p.x.at(i.High), mark.At.Y}})
			}
			if i := point.YInterval; i != nil && count <= mostBars && p.has(XY{point.X, i.Low}) && p.has(XY{point.X, i.High}) {
				mark.Bars = append(mark.Bars, [2]XY{{mark.At.X, p.y.at(i.Low)}, {mark.At.X, p.y.at(i.High)}})
			}
			names.taken = append(names.taken, mark.boxes()...)
			if point.Name != "" {
				named = append(named, naming{printable(point.Name), mark})
			}
			marks = append(marks, mark)
		}
	}
	if count > mostBars && slices.ContainsFunc(p.Series, func(s Series) bool {
		return slices.ContainsFunc(s.Points, func(p Point) bool { return p.XInterval != nil || p.YInterval != nil })
	}) {
		l.leave("Of so many points the bars are left out; the tables have the intervals.")
	}
	slices.SortStableFunc(marks, func(a, b Mark) int {
		return cmp.Compare(boolean(!a.Small), boolean(!b.Small))
	})
	l.Marks = append(l.Marks, marks...)
	l.name(&names, named)
}

// boolean is 1 of true.
func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (l *layout) leave(words string) {
	if !slices.Contains(l.Left, words) {
		l.Left = append(l.Left, words)
	}
}

// has reports whether a place is one on the panel's axes.
func (p *placed) has(at XY) bool {
	return at.known() && (!p.x.log || at.X > 0) && (!p.y.log || at.Y > 0)
}

// rule paints a line across a panel and its band.
func (l *layout) rule(p *placed, r Rule) {
	a := p.area
	across := func(at float64) (XY, XY) {
		if r.Vertical {
			return XY{p.x.at(at), a.Y}, XY{p.x.at(at), a.Y + a.Height}
		}
		return XY{a.X, p.y.at(at)}, XY{a.X + a.Width, p.y.at(at)}
	}
	on := func(at float64) bool {
		if r.Vertical {
			return known(at) && (!p.x.log || at > 0)
		}
		return known(at) && (!p.y.log || at > 0)
	}
	if r.Band != nil && on(r.Band.Low) && on(r.Band.High) {
		p1, p2 := across(r.Band.Low)
		p3, p4 := across(r.Band.High)
		l.Bands = append(l.Bands, Band{Style: r.Style, Corners: []XY{p1, p2, p4, p3}})
	}
	if on(r.At) {
		from, to := across(r.At)
		l.Strokes = append(l.Strokes, Stroke{Role: RoleRule, Style: r.Style, Dash: dashOf(r.Style), Points: []XY{from, to}})
	}
}
