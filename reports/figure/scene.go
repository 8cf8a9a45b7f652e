package figure

// Scene is a figure in places: what is to be painted, in points from the upper left
// corner. Its lists are painted in the order of the fields.
type Scene struct {
	Width, Height float64
	Pictures      []Picture
	Bands         []Band
	Strokes       []Stroke
	Marks         []Mark
	Texts         []Text
	// Keys are the legend's entries. They are among Strokes, Marks and Texts, too, but for
	// a scene whose legend is another's business.
	Keys []Key
	// Left says in sentences what had no room.
	Left []string
}

// Role says what something in a scene is for.
type Role string

// The roles.
const (
	RoleGrid   Role = "grid"
	RoleFrame  Role = "frame"
	RoleRule   Role = "rule"
	RoleLine   Role = "line"
	RoleLeader Role = "leader" // from a point to its name
	RoleTitle  Role = "title"
	RoleAbout  Role = "about"
	RoleAxis   Role = "axis"
	RoleTick   Role = "tick"
	RoleName   Role = "name"
	RoleKey    Role = "key"
)

// Band is an area between bounds.
type Band struct {
	Style   int
	Corners []XY
}

// Stroke is a line through places.
type Stroke struct {
	Role   Role
	Style  int
	Weight Weight
	Dash   []float64
	Points []XY
}

// Mark is a point with its bars.
type Mark struct {
	Style  int
	Marker Marker
	At     XY
	Radius float64
	Small  bool
	Ring   bool
	Bars   [][2]XY
	Detail string
}

// Corners are those of the mark's polygon; nil: it is a disc.
func (m Mark) Corners() []XY { return m.Marker.corners(m.At, m.Radius) }

// RingRadius is that of the ring about the mark, if it has one.
func (m Mark) RingRadius() float64 { return ring * m.Radius }

// Text is a line of words.
type Text struct {
	Role     Role
	Words    string
	At       XY // the end that Anchor names, on the letters' baseline
	Anchor   Anchor
	Size     float64
	Bold     bool
	Vertical bool // turned to the left: it reads upwards
	Box      Box
}

// Anchor is which end of a text its place is.
type Anchor string

// The anchors.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Key is an entry of a legend.
type Key struct {
	Name  string
	Style int
	Line  bool // has lines
	Thin  bool // and no others
	Mark  bool // has marks
	Rule  bool
	Turn  bool // a vertical rule
	Band  bool // and no line
}

// Sign is what the entry stands for, in a box of a width and height at the origin.
func (k Key) Sign(width, height float64) ([]Band, []Stroke, []Mark) {
	return k.sign(Box{Width: width, Height: height}, height/keySize)
}

func (k Key) sign(in Box, enlarged float64) (bands []Band, strokes []Stroke, marks []Mark) {
	if k.Band {
		return []Band{{k.Style, []XY{{in.X, in.Y}, {in.X + in.Width, in.Y}, {in.X + in.Width, in.Y + in.Height}, {in.X, in.Y + in.Height}}}}, nil, nil
	}
	middle := XY{in.X + in.Width/2, in.Y + in.Height/2}
	role, from, to := RoleLine, XY{in.X, middle.Y}, XY{in.X + in.Width, middle.Y}
	if k.Rule {
		role = RoleRule
	}
	if k.Turn {
		from, to = XY{middle.X, in.Y}, XY{middle.X, in.Y + in.Height}
	}
	if k.Line || k.Turn {
		stroke := Stroke{Role: role, Style: k.Style, Dash: dashOf(k.Style), Points: []XY{from, to}}
		if k.Thin {
			stroke.Weight, stroke.Dash = Thin, nil
		}
		strokes = []Stroke{stroke}
	}
	if k.Mark {
		marks = []Mark{{Style: k.Style, Marker: markerOf(k.Style), At: middle, Radius: enlarged * markSize}}
	}
	return nil, strokes, marks
}

// Box is a rectangle that something takes up.
type Box struct{ X, Y, Width, Height float64 }

// meets reports whether boxes have more than an edge in common.
func (b Box) meets(o Box) bool {
	const touching = 1e-6
	return b.X < o.X+o.Width-touching && o.X < b.X+b.Width-touching && b.Y < o.Y+o.Height-touching && o.Y < b.Y+b.Height-touching
}

func (b Box) within(o Box) bool {
	return b.X >= o.X && b.Y >= o.Y && b.X+b.Width <= o.X+o.Width && b.Y+b.Height <= o.Y+o.Height
}

// crosses reports whether a line from one place to another passes through the box.
func (b Box) crosses(p, q XY) bool {
	from, to := 0.0, 1.0
	for _, side := range []struct{ start, along, low, length float64 }{
		{p.X, q.X - p.X, b.X, b.Width}, {p.Y, q.Y - p.Y, b.Y, b.Height},
	} {
		if side.along == 0 {
			if side.start < side.low || side.start > side.low+side.length {
				return false
			}
			continue
		}
		enter, leave := (side.low-side.start)/side.along, (side.low+side.length-side.start)/side.along
		from, to = max(from, min(enter, leave)), min(to, max(enter, leave))
	}
	return from <= to
}
