package run

import (
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
)

// Forecast says what a run of a plan would do, as far as the store can tell.
type Forecast struct {
	Nodes    map[*plan.Node]NodeForecast
	Cached   int     // nodes that have a record
	ToRun    int     // nodes that have none
	Seconds  float64 // of the nodes whose time is known
	Unknown  int     // nodes to run whose time is not known
	Bytes    int64   // that would be added to the store, as far as it is known
	Complete bool    // everything is cached

	speeds *speeds
}

// NodeForecast is one node's part of a forecast.
type NodeForecast struct {
	Cached  bool
	Key     string           // empty if it depends on something that is yet to be made
	Parts   []record.KeyPart // of Key
	Record  *record.Record   // if it is cached
	Seconds *float64         // if it is to run and something like it has run before
	Bytes   int64            // if it is to run and something like it has run before
}

// Predict follows a plan through the store. Times and sizes come from records
// of the same stage with another key, or of other stages of the plan, of the same
// kind and plan.Pace, by the number of images or steps.
func Predict(p *plan.Plan, s *store.Store, environment plan.Environment) (*Forecast, error) {
	f := &Forecast{Nodes: map[*plan.Node]NodeForecast{}}
	speeds := newSpeeds(s, p, environment)
	for _, node := range p.Nodes {
		parts, known := plan.KeyParts(node, environment, func(input plan.Input) (string, bool) {
			made := f.Nodes[input.Node].Record
			if made == nil {
				return "", false
			}
			return made.Outputs[input.Output].Digest, true
		})
		var n NodeForecast
		if known {
			n.Key, n.Parts = record.KeyOf(parts), parts
			// A damaged entry is as good as none here; the run will say so.
			if found, err := s.Record(n.Key); err == nil && found != nil {
				n.Cached, n.Record = true, found
			}
		}
		if n.Cached {
			f.Cached++
		} else {
			f.ToRun++
			if seconds, bytes, ok := speeds.of(node); ok {
				n.Seconds, n.Bytes = &seconds, bytes
				f.Seconds += seconds
				f.Bytes += bytes
			} else {
				f.Unknown++
			}
		}
		f.Nodes[node] = n
	}
	f.Complete = f.ToRun == 0
	f.speeds = speeds
	return f, nil
}

// Learn takes what a node took that was done meanwhile: nodes of the same kind and pace
// whose time was not known have an estimate then. The totals stay as they were.
func (f *Forecast) Learn(node *plan.Node, made *record.Record) {
	if f.speeds == nil || made == nil || made.Items == 0 || !f.speeds.add(made) {
		return
	}
	w := f.speeds.whatOf(node)
	for other, n := range f.Nodes {
		if n.Cached || n.Seconds != nil || f.speeds.whatOf(other) != w {
			continue
		}
		if seconds, bytes, ok := f.speeds.of(other); ok {
			n.Seconds, n.Bytes = &seconds, bytes
			f.Nodes[other] = n
		}
	}
}

// speeds knows how long things took.
type speeds struct {
	store       *store.Store
	environment plan.Environment
	byWhat      map[what]*total
	seen        map[string]bool // keys of records that count
}

// what is a sort of work whose items take about the same time each.
type what struct {
	kind record.Kind
	pace string
}

type total struct {
	seconds, bytes float64
	items          int
}

func (s *speeds) whatOf(node *plan.Node) what {
	return what{node.Kind, node.Pace(s.environment)}
}

func newSpeeds(s *store.Store, p *plan.Plan, environment plan.Environment) *speeds {
	speeds := &speeds{store: s, environment: environment, byWhat: map[what]*total{}, seen: map[string]bool{}}
	for _, node := range p.Nodes {
		if last, err := s.LastRecord(node.Name); err == nil && last != nil && last.Items > 0 {
			speeds.add(last)
		}
	}
	return speeds
}

// add counts a record, once, and reports whether it is the first of its sort.
func (s *speeds) add(made *record.Record) (first bool) {
	if s.seen[made.Key] {
		return false
	}
	s.seen[made.Key] = true
	w := what{made.Kind, made.Pace}
	t := s.byWhat[w]
	if t == nil {
		t = &total{}
		s.byWhat[w] = t
		first = true
	}
	t.seconds += made.Seconds
	t.bytes += float64(outputBytes(made))
	t.items += made.Items
	return first
}

func outputBytes(r *record.Record) int64 {
	var bytes int64
	for _, output := range r.Outputs {
		bytes += output.Bytes
	}
	return bytes
}

// of estimates a node that is to run.
func (s *speeds) of(node *plan.Node) (seconds float64, bytes int64, ok bool) {
	w := s.whatOf(node)
	t := s.byWhat[w]
	if t == nil {
		return 0, 0, false
	}
	items, unit := node.Items()
	if last, err := s.store.LastRecord(node.Name); err == nil && last != nil && w == (what{last.Kind, last.Pace}) {
		// The stage itself has run before. A training's steps are in its
		// record even where the plan cannot know them.
		if items == 0 || unit != last.Unit || last.Items == 0 {
			return last.Seconds, outputBytes(last), true
		}
		share := float64(items) / float64(last.Items)
		if node.Kind == record.KindTune {
			return last.Seconds * share, outputBytes(last), true // a checkpoint does not grow with steps
		}
		return last.Seconds * share, int64(float64(outputBytes(last)) * share), true
	}
	if items == 0 {
		return 0, 0, false
	}
	share := float64(items) / float64(t.items)
	return t.seconds * share, int64(t.bytes * share), true
}
