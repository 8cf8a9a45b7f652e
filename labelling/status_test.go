package labelling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

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
	s, images := StatusOf([]table.Label{
		label("1a", "a", "good"), label("1a", "b", "good"),
		label("1b", "a", "good"), label("1b", "b", "bad"),
		label("2a", "a", "bad"), label("2a", "b", "bad"),
		label("2b", "a", "bad"), label("2b", "b", "skip"),
	})
	if s.Labels != 8 || s.Skips != 1 || s.Images != 4 || s.Prompts != 2 || s.Judged != 4 || s.Good != 1 || s.Even != 1 {
		t.Errorf("%+v", s)
	}
	// Of three images with two labels one differs; chance: 1 - 2/3·1/3 - 1/3·2/3 = 5/9.
	if want := 1 - (1.0/3)/(5.0/9); s.Cohen == nil || math.Abs(*s.Cohen.Value-want) > 1e-12 {
		t.Errorf("Cohen's kappa %+v, want %v", s.Cohen, want)
	}
	if s.Krippendorff.Low != nil || !strings.HasPrefix(s.Krippendorff.Note, "no interval: ") {
		t.Errorf("an interval over two prompts: %+v", s.Krippendorff)
	}
	if images[1].Majority != "even" || images[3].Bad != 1 || images[3].Majority != "bad" {
		t.Errorf("%+v", images)
	}
	if one := s.Raters[1]; one.Labels != 4 || one.Skips != 1 || math.Abs(*one.Good-1.0/3) > 1e-12 || one.Images != 3 || math.Abs(*one.Agrees.Value-2.0/3) > 1e-12 {
		t.Errorf("%+v", one)
	}
}

// TestStatusDoubts: who answers at random or contrary is named, who is a little worse is
// not, and the consensus knows how good each is.
func TestStatusDoubts(t *testing.T) {
	right := map[string]float64{"a": 0.92, "b": 0.9, "c": 0.86, "d": 0.5}
	s, _ := StatusOf(crowd(60, right))
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
	if s, _ := StatusOf(labels); len(s.Raters[1].Doubts) == 0 || !strings.Contains(s.Raters[1].Doubts[0], "same answer 180 times") {
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
		s, _ := StatusOf(labels)
		for _, rater := range s.Raters {
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
	s, images := StatusOf([]table.Label{{ImageID: "a", Rater: "a", Label: "skip"}, {ImageID: "a", Rater: "b", Label: "skip"}})
	if s.Skips != 2 || s.Judged != 0 || s.Raters != nil || s.Fleiss.Note == "" || len(images) != 1 || images[0].Chance != 0.5 {
		t.Errorf("%+v %+v", s, images)
	}
}
