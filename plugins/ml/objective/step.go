package objective

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Term is one loss of the job with the examples that it goes through, again and
// again, each time in another order.
type Term struct {
	Name      string
	Weight    float64 // its factor in the sum of losses
	Objective Objective
	Examples  []Example

	order *train.Shuffled
}

// NewTerm is a term that goes through its examples in an order given by seed.
func NewTerm(name string, weight float64, objective Objective, examples []Example, seed uint64) *Term {
	return &Term{Name: name, Weight: weight, Objective: objective, Examples: examples, order: train.NewShuffled(len(examples), seed)}
}

// images is the number of images of each of the term's examples.
func (t *Term) images() int { return len(t.Examples[0].Images) }

// Step says which images each step learns from: Images of every loss. That does
// not depend on how the step is cut: in parts that the network works through one
// after the other, and these in chunks that it works through side by side.
type Step struct {
	Terms  []*Term
	Images int // of each term in a step; a pair counts two
	Micro  int // images of a part; 0: all of the step's
	Chunks int // of a part, where they divide it; 0: one
	Seed   uint64
}

// Group is the number of images that a step of these losses never cuts apart: 2
// where one of them learns from pairs, else 1.
func Group(losses []sdk.TuneLoss) int {
	for _, l := range losses {
		if kind, _ := kindOf(l.Name); slices.Contains(kind.Needs, sdk.NeedPairs) {
			return 2
		}
	}
	return 1
}

// CheckSizes says what of the sizes of a step with these losses cannot be, for the
// author of a finetune block, before weights and tables are read: batch images a loss,
// in parts of micro images; 0: all at once.
func CheckSizes(losses []sdk.TuneLoss, batch, micro int) error {
	return checkSizes(Group(losses), len(losses), batch, micro)
}

func checkSizes(group, terms, batch, micro int) error {
	switch {
	case batch%group != 0:
		return refuse("A step cannot hold half a pair",
			"batch_size is %d images a step and loss, and a loss of this finetune learns from pairs of images. Write an even number.", batch)
	case micro > 0 && min(micro, batch*terms)%group != 0:
		return refuse("A part of a step cannot hold half a pair",
			"micro_batch_size is %d, and a loss of this finetune learns from pairs of images. Write an even number.", micro)
	}
	return nil
}

// check is CheckSizes of the step.
func (s *Step) check() error { return checkSizes(s.group(), len(s.Terms), s.Images, s.Micro) }

// group is the number of images that are never cut apart: 2 where a term has
// pairs, else 1.
func (s *Step) group() int {
	most := 1
	for _, t := range s.Terms {
		most = max(most, t.images())
	}
	return most
}

// total is the number of images in a step.
func (s *Step) total() int { return s.Images * len(s.Terms) }

// part is the number of images in a part.
func (s *Step) part() int {
	if s.Micro <= 0 {
		return s.total()
	}
	return min(s.Micro, s.total())
}

// Parts is the number of parts of a step.
func (s *Step) Parts() int { return (s.total() + s.part() - 1) / s.part() }

// chunks is the number of chunks in a part.
func (s *Step) chunks() int {
	if s.Chunks > 1 && s.part()%(s.Chunks*s.group()) == 0 {
		return s.Chunks
	}
	return 1
}

// row is an image of a step.
type row struct {
	Draw
	term   int     // whose it is, in Step.Terms
	factor float64 // of its loss in the objective
	label  float64
}

// term is whose the image is that stands at a position of a step. Terms
// alternate, group by group, so that every chunk has its share of each.
func (s *Step) term(position int) int {
	return position / s.group() % len(s.Terms)
}

// rows are the images of a chunk. A last part that is not full is filled up with
// images of factor 0 and label 0.
func (s *Step) rows(step, part, chunk int) []row {
	group := s.group()
	rows := make([]row, s.part()/s.chunks())
	for i := range rows {
		position := part*s.part() + chunk*len(rows) + i
		term := s.term(position)
		t := s.Terms[term]
		// Where the image stands among those of its term.
		number := step*s.Images + position/(group*len(s.Terms))*group + position%group
		example := t.Examples[t.order.At(number/t.images())]
		member := number % t.images() // of the example
		rows[i] = row{
			Draw: Draw{
				Image:  example.Images[member],
				Random: rand.New(rand.NewPCG(s.Seed, uint64(step)<<20|uint64(position-member))),
			},
			term:   term,
			factor: t.Weight * example.Factor / float64(s.Images),
			label:  example.Label,
		}
		if member > 0 {
			rows[i].label = -example.Label // the worse of a pair
		}
		if position >= s.total() {
			rows[i].factor, rows[i].label = 0, 0
		}
	}
	return rows
}

// Draws are the images of a chunk.
func (s *Step) Draws(step, part, chunk int) []Draw { return drawsOf(s.rows(step, part, chunk)) }

// drawsOf are the images of rows.
func drawsOf(rows []row) []Draw {
	draws := make([]Draw, len(rows))
	for i, r := range rows {
		draws[i] = r.Draw
	}
	return draws
}

// values averages what each term records over its images. each are the values of
// a step's chunks, one after the other: for each term its columns, over all images
// of the chunk.
func (s *Step) values(columns [][]string, each [][]float32) map[string]float64 {
	values := map[string]float64{}
	position := 0 // of the chunk's first image
	for next := 0; next < len(each); {
		images := len(each[next])
		for term, names := range columns {
			for _, name := range names {
				for i, value := range each[next] {
					if at := position + i; at < s.total() && s.term(at) == term {
						values[name] += float64(value) / float64(s.Images)
					}
				}
				next++
			}
		}
		position += images
	}
	return values
}

// column is what the training curve calls a value of a term. A second loss of the
// same name, on other images perhaps, has a number.
func (s *Step) column(value string, term int) string {
	name, count := s.Terms[term].Name, 1
	for _, other := range s.Terms[:term] {
		if other.Name == name {
			count++
		}
	}
	if count > 1 {
		name = fmt.Sprintf("%s %d", name, count)
	}
	return value + "/" + name
}
