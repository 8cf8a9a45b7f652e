package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/protocol"
	"github.com/plumb-ml/plumb/core/record"
)

// protocols are those of all numbers of a run, each once.
type protocols struct {
	list   []numbered
	byKey  map[string]int // places in list, by jsonKey
	places []int          // of the numbers, in the order in which they were added
}

func newProtocols() *protocols { return &protocols{byKey: map[string]int{}} }

// all lists the protocols, each at its place.
func (p *protocols) all() []protocol.Protocol {
	all := make([]protocol.Protocol, len(p.list))
	for i, one := range p.list {
		all[i] = one.Protocol
	}
	return all
}

// numbered is a protocol, and what it is of.
type numbered struct {
	protocol.Protocol
	of []string // in words, such as "good (main)"
}

// trace is that of a variant's numbers.
func (v variant) trace() *protocol.Trace {
	records := make([]*record.Record, len(v.stages))
	for i, s := range v.stages {
		records[i] = s.record
	}
	return protocol.NewTrace(records)
}

// protocolsOf gathers the protocols of a run's numbers, in the order of its variants and
// their evaluations.
func protocolsOf(variants []variant) *protocols {
	p := newProtocols()
	for _, v := range variants {
		trace := v.trace()
		for _, e := range v.evaluations {
			for i := range e.metrics {
				p.add(trace, e, i)
			}
		}
	}
	return p
}

// add takes in the protocol of a metric of an evaluation, and returns its place.
func (p *protocols) add(trace *protocol.Trace, e evaluation, i int) int {
	m := &e.metrics[i]
	made := trace.Protocol(e.sources[i], m)
	key := jsonKey(made)
	at, known := p.byKey[key]
	if !known {
		at = len(p.list)
		p.byKey[key] = at
		p.list = append(p.list, numbered{Protocol: made})
	}
	p.places = append(p.places, at)
	if row, ok := metric.Define(m.Name); ok && row.Title != "" && row.Unit != record.P && m.Category == "" && m.Split == "" {
		if of := row.Title + " (" + e.name + ")"; !slices.Contains(p.list[at].of, of) {
			p.list[at].of = append(p.list[at].of, of)
		}
	}
	return at
}

// mostProtocols is how many protocols a report spells; results.json has all. Variants
// that fit a reward each have one of their own.
const mostProtocols = 12

// lines are the protocols in words, each with what it is of: those of the numbers that
// reports show.
func (p *protocols) lines() (names, values []string) {
	left := 0
	for _, one := range p.list {
		switch {
		case len(one.of) == 0, one.Images == (protocol.ImageSet{}) && one.Instruments == nil: // nobody asks, or nothing is known
		case len(names) == mostProtocols:
			left++
		default:
			names, values = append(names, "Protocol of "+strings.Join(one.of, ", ")), append(values, one.String())
		}
	}
	if left > 0 {
		names, values = append(names, "Further protocols"), append(values, fmt.Sprintf("%d, in results.json", left))
	}
	return names, values
}
