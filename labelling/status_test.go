package labelling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// statusOfLabels is the status of labels that people gave.
func statusOfLabels(labels []table.Label) Status {
	question, judgements := OfLabels(labels)
	return StatusOf([]people.Question{question}, nil, judgements, nil)[0]
}

// crowd makes up labels: raters who are right with some probability, of prompts with
// three images each.
func crowd(prompts int, right map[string]float64) []table.Label {
	random := rand.New(rand.NewPCG(1, 2))
	var all []table.Label
	for prompt := range prompts {
		for image := range 3 {
			truth := random.IntN(2)
			for _, rater := range []string{"a", "b", "c", "d"} {
				p, rates := right[rater]
				if !rates {
					continue
				}
				label := []string{"good", "bad"}[truth]
				if random.Float64() > p {
					label = []string{"bad", "good"}[truth]
				}
				all = append(all, table.Label{ImageID: fmt.Sprintf("%d/%d", prompt, image), Prompt: fmt.Sprint(prompt), Category: "c", Split: "seen", Rater: rater, Label: label})
			}
		}
	}
	return all
}

func TestStatusByHand(t *testing.T) {
	label := func(image, rater, label string) table.Label {
		return table.Label{ImageID: image, Prompt: "p" + image[:1], Rater: rater, Label: label}
	}
	labels := []table.Label{
		label("1a", "a", "good"), label("1a", "b", "good"),
		label("1b", "a", "good"), label("1b", "b", "bad"),
		label("2a", "a", "bad"), label("2a", "b", "bad"),
		label("2b", "a", "bad"), label("2b", "b", "skip"),
	}
	s := statusOfLabels(labels)
	one := s.Aspects[0]
	if s.Answers != 8 || s.Skips != 1 || s.Items != 4 || s.Prompts != 2 || one.Judged != 4 || one.Majority["good"] != 1 || one.Majority["bad"] != 2 || one.Even != 1 || s.Together != 2 {
		t.Errorf("%+v", s)
	}
	// Of three images with two labels one differs; chance: 1 - 2/3·1/3 - 1/3·2/3 = 5/9.
	if want := 1 - (1.0/3)/(5.0/9); one.Cohen == nil || math.Abs(*one.Cohen.Value-want) > 1e-12 {
		t.Errorf("Cohen's kappa %+v, want %v", one.Cohen, want)
	}
	if one.Krippendorff.Low != nil || !strings.HasPrefix(one.Krippendorff.Note, "no interval: ") {
		t.Errorf("an interval over two prompts: %+v", one.Krippendorff)
	}
	b := s.Raters[1]
	if b.Answers != 4 || b.Skips != 1 || math.Abs(b.Given["good"]-1.0/3) > 1e-12 || b.Compared != 3 || math.Abs(*b.Agrees.Value-2.0/3) > 1e-12 || b.Share != 0.5 {
		t.Errorf("%+v", b)
	}
	// Of all images (1 + 1/2 + 0 + 0)/4 are good, without b (1 + 1 + 0 + 0)/4.
	if b.Moves == nil || math.Abs(*b.Moves-(0.375-0.5)) > 1e-12 {
		t.Errorf("b moves the share by %v", b.Moves)
	}
	question, judgements := OfLabels(labels)
	images := ConsensusOf([]people.Question{question}, judgements)
	if images[1].Majority != Even || images[3].Said["bad"] != 1 || images[3].Skips != 1 || images[3].Answers != 1 || images[3].Majority != "bad" {
		t.Errorf("%+v", images)
	}
}

// TestStatusDoubts: who answers at random or contrary is named, who is a little worse is
// not, and the consensus knows how good each is.
func TestStatusDoubts(t *testing.T) {
	right := map[string]float64{"a": 0.92, "b": 0.9, "c": 0.86, "d": 0.5}
	s := statusOfLabels(crowd(60, right))
	for _, rater := range s.Raters {
		if doubted := len(rater.Doubts) > 0; doubted != (rater.Name == "d") {
			t.Errorf("%s: %q", rater.Name, rater.Doubts)
		}
		if math.Abs(*rater.Accuracy-right[rater.Name]) > 0.08 {
			t.Errorf("%s is right in %v by the consensus, and in %v", rater.Name, *rater.Accuracy, right[rater.Name])
		}
	}
	labels := crowd(60, map[string]float64{"a": 0.9, "b": 0.9})
	for i := range labels {
		if labels[i].Rater == "b" {
			labels[i].Label = "good"
		}
	}
	if s := statusOfLabels(labels); len(s.Raters[1].Doubts) == 0 || !strings.Contains(s.Raters[1].Doubts[0], "same answer 180 times") {
		t.Errorf("%+v", s.Raters[1])
	}
}

// TestStatusDoubtsFewInVain: among raters who are all alike, seldom is one doubted.
func TestStatusDoubtsFewInVain(t *testing.T) {
	doubted := 0
	const experiments = 200
	for i := range experiments {
		labels := crowd(25+i%5, map[string]float64{"a": 0.85, "b": 0.85, "c": 0.85, "d": 0.85})
		random := rand.New(rand.NewPCG(uint64(i), 9))
		for j := range labels {
			if random.Float64() < 0.1 { // other labels in each experiment
				labels[j].Label = map[string]string{"good": "bad", "bad": "good"}[labels[j].Label]
			}
		}
		for _, rater := range statusOfLabels(labels).Raters {
			if len(rater.Doubts) > 0 {
				doubted++
				break
			}
		}
	}
	if doubted > experiments*6/100 {
		t.Errorf("somebody is doubted in %d of %d experiments in which all are alike", doubted, experiments)
	}
}

func TestStatusOfSkipsAlone(t *testing.T) {
	labels := []table.Label{{ImageID: "a", Rater: "a", Label: "skip"}, {ImageID: "a", Rater: "b", Label: "skip"}}
	s := statusOfLabels(labels)
	if s.Skips != 2 || s.Aspects[0].Judged != 0 || len(s.Raters) != 2 || s.Raters[0].Accuracy != nil || s.Aspects[0].Fleiss.Note == "" {
		t.Errorf("%+v", s)
	}
	question, judgements := OfLabels(labels)
	if images := ConsensusOf([]people.Question{question}, judgements); len(images) != 1 || images[0].Likeliest != "" || images[0].Majority != "" || images[0].Skips != 2 {
		t.Errorf("%+v", images)
	}
}

// TestStatusOfChecks: gold items, attention checks and items that are shown again, by hand.
func TestStatusOfChecks(t *testing.T) {
	question := people.Question{
		Name: "labels/people", Kind: people.Rate, Aspects: []string{people.Alignment}, Raters: 1, Together: 1,
		Gold: []people.Gold{{Item: "g1", Answers: people.Answers{people.Alignment: people.Good}}, {Item: "g2", Answers: people.Answers{people.Alignment: people.Bad}}},
	}
	var all []people.Judgement
	add := func(item, rater string, purpose people.Purpose, said string, took time.Duration) {
		all = append(all, people.Judgement{
			Question: question.Name, Item: item, Images: []string{item}, Shown: []string{item}, Prompt: "prompt of " + item, Category: "color",
			Rater: rater, Purpose: purpose, Answers: people.Answers{people.Alignment: said}, Duration: took,
		})
	}
	add("a", "ann", people.Asked, people.Good, 2*time.Second)
	add("b", "ann", people.Asked, people.Bad, 4*time.Second)
	add("g1", "ann", people.Known, people.Good, time.Second)
	add("g2", "ann", people.Known, people.Good, 100*time.Millisecond)
	add("a", "ann", people.Again, people.Good, 0)
	add("b", "ann", people.Again, people.Good, 0)
	add("a", "ann", people.Attentive, people.Bad, 0)
	add("c", "bob", people.Asked, people.Skip, 0)
	add("g1", "bob", people.Known, people.Skip, 0)
	items := map[string][]people.Item{question.Name: {{ID: "a", Images: []string{"a"}}, {ID: "b", Images: []string{"b"}}, {ID: "c", Images: []string{"c"}}, {ID: "d", Images: []string{"d"}}}}
	s := StatusOf([]people.Question{question}, items, all, map[string]bool{"c": true})[0]
	if diff := cmp.Diff(&people.Progress{Items: 3, Complete: 2, Missing: 1, Reported: 1}, s.Progress); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	ann, bob := s.Raters[0], s.Raters[1]
	if s.Answers != 3 || ann.Answers != 2 || bob.Skips != 1 || *ann.Seconds != 1.5 || ann.Fast != 1 || bob.Seconds != nil {
		t.Errorf("%+v", s)
	}
	for name, c := range map[string]struct {
		got       *Checks
		right, of int
	}{"gold": {ann.Gold, 1, 2}, "attention": {ann.Attention, 1, 1}, "again": {ann.Again, 1, 2}} {
		if c.got == nil || c.got.Right != c.right || c.got.Of != c.of || *c.got.Share.Low >= *c.got.Share.Value+1e-9 && c.right < c.of {
			t.Errorf("%s: %+v, want %d of %d", name, c.got, c.right, c.of)
		}
	}
	if bob.Gold != nil || bob.Attention != nil || bob.Again != nil {
		t.Errorf("checks of a skip: %+v", bob)
	}
}

// TestStatusOfPairs: two aspects that are asked apart, and raters who prefer the left side.
func TestStatusOfPairs(t *testing.T) {
	question := people.Question{Name: "evaluate/main/preference", Kind: people.Compare, Aspects: []string{people.Alignment, people.Fidelity}, Raters: 3}
	random := rand.New(rand.NewPCG(4, 4))
	var all []people.Judgement
	for prompt := range 40 {
		images := []string{fmt.Sprintf("%03da", prompt), fmt.Sprintf("%03db", prompt)}
		truth := random.IntN(2)
		for _, rater := range []string{"ann", "bob", "cy"} {
			shown := slices.Clone(images)
			if random.IntN(2) == 1 {
				slices.Reverse(shown)
			}
			words := []string{people.First, people.Second}
			alignment := words[truth]
			if random.Float64() < 0.1 {
				alignment = people.Tie
			}
			all = append(all, people.Judgement{
				Question: question.Name, Item: people.ItemID(images...), Images: images, Shown: shown, Prompt: fmt.Sprint(prompt), Rater: rater, Purpose: people.Asked,
				Answers: people.Answers{people.Alignment: alignment, people.Fidelity: words[slices.Index(images, shown[0])]}, // the left one
			})
		}
	}
	s := StatusOf([]people.Question{question}, nil, all, nil)[0]
	alignment, fidelity := s.Aspects[0], s.Aspects[1]
	if *alignment.Fleiss.Value < 0.6 || *fidelity.Fleiss.Value > 0.3 {
		t.Errorf("agreement on alignment %v, on fidelity %v", *alignment.Fleiss.Value, *fidelity.Fleiss.Value)
	}
	if alignment.Order == nil || *alignment.Order.P < 0.05 || fidelity.Order.First != 1 || fidelity.Order.Rest != 0 || *fidelity.Order.P > 1e-6 {
		t.Errorf("order: alignment %+v, fidelity %+v", alignment.Order, fidelity.Order)
	}
	if len(s.Doubts) != 1 || !strings.HasPrefix(s.Doubts[0], "fidelity: what stands first is chosen in 100 %, all else in 0 %") {
		t.Errorf("doubts %q", s.Doubts)
	}
	if alignment.Consensus == nil || alignment.Majority[people.First]+alignment.Majority[people.Second]+alignment.Majority[people.Tie]+alignment.Even != 40 {
		t.Errorf("%+v", alignment)
	}
}

// TestStatusOfRankings: a ranking is its pairs.
func TestStatusOfRankings(t *testing.T) {
	question := people.Question{Name: "q", Kind: people.Rank, Aspects: []string{people.Alignment}, Raters: 2}
	images := []string{"x", "y", "z"}
	rank := func(rater, said string) people.Judgement {
		return people.Judgement{
			Question: "q", Item: people.ItemID(images...), Images: images, Shown: []string{"z", "x", "y"}, Prompt: "p", Rater: rater, Purpose: people.Asked,
			Answers: people.Answers{people.Alignment: said},
		}
	}
	all := []people.Judgement{rank("ann", "1,2,3"), rank("bob", "2,1,3"), rank("cy", people.Skip), rank("dan", "9,9,9")}
	one := StatusOf([]people.Question{question}, nil, all, nil)[0].Aspects[0]
	// Of the pairs xy, xz, yz they differ in the first alone.
	if one.Judged != 3 || one.Even != 1 || one.Consensus != nil {
		t.Errorf("%+v", one)
	}
	// z stands first, and is worse in all of its four pairs; x before y wins once of two.
	if o := one.Order; o == nil || o.First != 1.0/6 || o.Answers != 6 {
		t.Errorf("%+v", o)
	}
	if c := ConsensusOf([]people.Question{question}, all); len(c) != 1 || c[0].Majority != "1,2,3" || c[0].Answers != 2 || c[0].Skips != 1 {
		t.Errorf("%+v", c)
	}
}

// TestStatusOfOneWhoDoesAll: most answers of one person are said.
func TestStatusOfOneWhoDoesAll(t *testing.T) {
	var labels []table.Label
	for i := range 30 {
		labels = append(labels, table.Label{ImageID: fmt.Sprint(i), Prompt: fmt.Sprint(i), Rater: "ann", Label: []string{"good", "bad"}[i%2]})
	}
	for _, rater := range []string{"bob", "cy"} {
		labels = append(labels, table.Label{ImageID: "1", Prompt: "1", Rater: rater, Label: "bad"})
	}
	s := statusOfLabels(labels)
	if len(s.Doubts) != 1 || !strings.HasPrefix(s.Doubts[0], "94 % of the answers are of ann") {
		t.Errorf("%q", s.Doubts)
	}
	if want := 32.0 * 32 / (30*30 + 2); math.Abs(s.Together-want) > 1e-12 {
		t.Errorf("%v raters, want %v", s.Together, want)
	}
}
