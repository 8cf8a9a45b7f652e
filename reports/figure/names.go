package figure

import (
	"fmt"
	"math"
	"slices"
)

// naming is a name and the mark it belongs to.
type naming struct {
	name string
	mark Mark
}

// names finds room for the names of a panel's points: beside what is drawn, never over it.
type names struct {
	area     Box
	enlarged float64
	taken    []Box  // marks, bars, and names that have a place
	lines    [][]XY // are passed over only where nothing else is free
	leaders  [][2]XY
}

// boxes are what a mark and its bars take up.
func (m Mark) boxes() []Box {
	r := 1.3 * m.Radius
	if m.Ring {
		r = ring * m.Radius
	}
	all := []Box{{m.At.X - r, m.At.Y - r, 2 * r, 2 * r}}
	for _, bar := range m.Bars {
		left, top := min(bar[0].X, bar[1].X), min(bar[0].Y, bar[1].Y)
		all = append(all, Box{left - 1, top - 1, math.Abs(bar[0].X-bar[1].X) + 2, math.Abs(bar[0].Y-bar[1].Y) + 2})
	}
	return all
}

// directions from a point in which its name may stand, best first.
var directions = []XY{
	{1, -1}, {1, 1}, {-1, -1}, {-1, 1}, {0, -1}, {0, 1}, {1, 0}, {-1, 0}, {1, -0.5}, {1, 0.5}, {-1, -0.5}, {-1, 0.5},
	{0.5, -1}, {-0.5, -1}, {0.5, 1}, {-0.5, 1},
}

// put finds a place of a width and height for the name of a mark. Far is whether it is so
// far off that a line has to lead to it.
func (n *names) put(m Mark, long, high float64) (at Box, far, ok bool) {
	for _, strict := range []bool{true, false} {
		for ring := range 6 {
			distance := n.enlarged * (2.5 + 8*float64(ring))
			for _, d := range directions {
				away := m.Radius + distance
				candidate := Box{m.At.X + d.X*away, m.At.Y + d.Y*away - high/2, long, high}
				switch {
				case d.X < 0:
					candidate.X -= long
				case d.X == 0:
					candidate.X -= long / 2
				}
				if d.X != 0 && math.Abs(d.Y) == 1 && ring == 0 { // in the corner, close by
					candidate.Y = m.At.Y - 1 - high
					if d.Y > 0 {
						candidate.Y = m.At.Y + 1
					}
				}
				if !n.free(candidate, strict) {
					continue
				}
				if ring > 0 {
					leader := [2]XY{m.At, candidate.nearest(m.At)}
					if !n.passes(m, leader) {
						continue
					}
					n.leaders = append(n.leaders, leader)
				}
				n.taken = append(n.taken, candidate)
				return candidate, ring > 0, true
			}
		}
	}
	return Box{}, false, false
}

// nearest is the place of a box that is nearest to another.
func (b Box) nearest(to XY) XY {
	return XY{min(max(to.X, b.X), b.X+b.Width), min(max(to.Y, b.Y), b.Y+b.Height)}
}

// passes reports whether a line from a mark meets neither another mark or name nor
// another such line. Bars it may cross.
func (n *names) passes(m Mark, leader [2]XY) bool {
	for _, taken := range n.taken {
		thin := min(taken.Width, taken.Height) < m.Radius // a bar
		own := taken.nearest(m.At) == m.At
		if !thin && !own && taken.crosses(leader[0], leader[1]) {
			return false
		}
	}
	for _, other := range n.leaders {
		if cross(leader, other) {
			return false
		}
	}
	return true
}

// cross reports whether two lines meet.
func cross(a, b [2]XY) bool {
	side := func(l [2]XY, p XY) float64 {
		return (l[1].X-l[0].X)*(p.Y-l[0].Y) - (l[1].Y-l[0].Y)*(p.X-l[0].X)
	}
	return side(a, b[0])*side(a, b[1]) <= 0 && side(b, a[0])*side(b, a[1]) <= 0
}

func (n *names) free(b Box, strict bool) bool {
	if !b.within(n.area) {
		return false
	}
	for _, leader := range n.leaders {
		if b.crosses(leader[0], leader[1]) {
			return false
		}
	}
	for _, taken := range n.taken {
		if b.meets(taken) {
			return false
		}
	}
	if !strict {
		return true
	}
	for _, line := range n.lines {
		for i := 1; i < len(line); i++ {
			if b.crosses(line[i-1], line[i]) {
				return false
			}
		}
	}
	return true
}

// name adds the names that have room, with lines to those far off, and says how many have
// not.
func (l *layout) name(n *names, all []naming) {
	if len(all) > mostNamed {
		l.leave(fmt.Sprintf("Points have no names, as there are %d of them.", len(all)))
		return
	}
	size := l.size(nameSize)
	left := 0
	for _, one := range all {
		name := l.fitted(one.name, size, false, 0.6*n.area.Width)
		at, far, ok := n.put(one.mark, l.width(name, size, false), size)
		if !ok {
			if !slices.ContainsFunc(l.Keys, func(k Key) bool { return k.Name == one.name }) {
				left++
			}
			continue
		}
		l.text(Text{Role: RoleName, Words: name, At: XY{at.X, at.Y + 0.78*size}, Anchor: Start, Size: size})
		l.names[one.name] = true
		if far {
			l.Strokes = append(l.Strokes, Stroke{Role: RoleLeader, Points: []XY{one.mark.At, at.nearest(one.mark.At)}})
		}
	}
	if left > 0 {
		l.leave(fmt.Sprintf("%d of %d points have no room for their names; the tables have them.", left, len(all)))
	}
}
