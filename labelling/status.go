package labelling

import (
	"cmp"
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/labelling/quality"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// The answers that count: a skip is none.
const (
	good = iota
	bad
	answers // how many there are
)

// Status is what labels of people are worth.
type Status struct {
	Labels  int `json:"labels"`  // skips included
	Skips   int `json:"skips"`   // of them
	Images  int `json:"images"`  // with a label
	Prompts int `json:"prompts"` // of these images
	// Agreement beyond chance; Cohen is there if there are two raters.
	Krippendorff Number  `json:"krippendorff_alpha"`
	Fleiss       Number  `json:"fleiss_kappa"`
	Cohen        *Number `json:"cohen_kappa,omitempty"`
	// Good and Even are, of the images with a good or bad label, those that most raters
	// call good, and those on which they are even; Consensus is the number that is more
	// likely good than not by the consensus (quality.DawidSkene).
	Judged    int           `json:"judged"`
	Good      int           `json:"good"`
	Even      int           `json:"even"`
	Consensus *int          `json:"good_by_consensus"` // nil: no image has two labels, or all labels are the same
	Raters    []RaterStatus `json:"raters"`            // by name
}

// Number is a number with its 95 % interval over prompts, or why there is none.
type Number struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	Note  string   `json:"note,omitempty"`
}

// RaterStatus is a rater beside the others.
type RaterStatus struct {
	Name   string   `json:"rater"`
	Labels int      `json:"labels"` // skips included
	Skips  int      `json:"skips"`
	Good   *float64 `json:"good_share"` // of good and bad
	// Agrees is the share of labels that agree with the majority of the other raters, of
	// Images on which they have one, and Others the same of all other raters.
	Agrees   Number   `json:"agrees"`
	Others   *float64 `json:"others_agree"`
	Images   int      `json:"images"`
	Accuracy *float64 `json:"accuracy"` // by the consensus
	Doubts   []string `json:"doubts,omitempty"`
}

// ImageConsensus is what raters say of an image together.
type ImageConsensus struct {
	ImageID  string `json:"image_id"`
	Prompt   string `json:"prompt"`
	Good     int    `json:"good"` // labels
	Bad      int    `json:"bad"`
	Majority string `json:"majority"` // good, bad or even
	// Chance is that it is good, by quality.DawidSkene; 0.5 where there is no consensus.
	Chance float64 `json:"chance"`
}

// consensusPrior is added to the count of each answer of each rater: one who answered
// ten times is not taken for infallible.
const consensusPrior = 1

// StatusOf describes labels, and what the raters say of each image together, in the
// order of the images' IDs. Prompts are what intervals are over; where labels do not say
// theirs, each image stands for itself.
func StatusOf(labels []table.Label) (Status, []ImageConsensus) {
	v, images, names := votesOf(labels)
	s := Status{Labels: len(labels), Images: len(images), Prompts: len(v.Strata)}
	skips, given := map[string]int{}, map[string]int{}
	for _, label := range labels {
		given[label.Rater]++
		if label.Label == "skip" {
			skips[label.Rater]++
			s.Skips++
		}
	}
	s.Krippendorff, s.Fleiss = number(v, quality.Krippendorff), number(v, quality.Fleiss)
	if len(names) == 2 {
		cohen := number(v, quality.Cohen(0, 1))
		s.Cohen = &cohen
	}
	consensus, err := quality.DawidSkene(v, consensusPrior)
	together := s.Fleiss.Value != nil // else nobody's labels say anything of another's
	all := make([]ImageConsensus, len(images))
	likely := 0 // good by the consensus
	for _, vote := range v.All {
		one := &all[vote.Item]
		one.Good, one.Bad = one.Good+1-vote.Category, one.Bad+vote.Category
	}
	for item, image := range images {
		one := &all[item]
		one.ImageID, one.Prompt, one.Chance = image.ImageID, image.Prompt, 0.5
		switch {
		case one.Good > one.Bad:
			one.Majority = "good"
			s.Good++
		case one.Good < one.Bad:
			one.Majority = "bad"
		default:
			one.Majority = "even"
		}
		if one.Good+one.Bad > 0 && err == nil {
			s.Judged++
			if one.Majority == "even" {
				s.Even++
			}
			if together {
				one.Chance = consensus.Items[item][good]
				if one.Chance > 0.5 {
					likely++
				}
			}
		}
	}
	if together {
		s.Consensus = &likely
	}
	if err != nil { // nobody said good or bad
		return s, all
	}
	for r, rater := range quality.Raters(v, consensus, stats.Level) {
		one := RaterStatus{Name: names[r], Labels: given[names[r]], Skips: skips[names[r]], Images: rater.Items, Doubts: rater.Doubts}
		one.Agrees.Note = rater.Why
		if rater.Answers > 0 {
			one.Good = &rater.Shares[good]
			if together {
				one.Accuracy = &rater.Accuracy
			}
		}
		if rater.Alike != nil {
			one.Agrees.Value, one.Others = &rater.Alike.Value, &rater.Others.Value
			if rater.Why == "" {
				one.Agrees.Low, one.Agrees.High = &rater.Alike.Low, &rater.Alike.High
			}
		}
		s.Raters = append(s.Raters, one)
	}
	return s, all
}

func number(v quality.Votes, of quality.Measure) Number {
	whole, err := of.Of(v)
	if err != nil {
		return Number{Note: err.Error()}
	}
	n := Number{Value: &whole.Value}
	interval, err := of.Interval(v, stats.Level)
	if err != nil {
		n.Note = "no interval: " + err.Error()
		return n
	}
	n.Low, n.High = &interval.Low, &interval.High
	return n
}

// votesOf numbers the images, by ID, and the raters, by name.
func votesOf(labels []table.Label) (v quality.Votes, images []table.Label, names []string) {
	byID, byName := map[string]table.Label{}, map[string]bool{}
	for _, label := range labels {
		byID[label.ImageID] = label
		byName[label.Rater] = true
	}
	images = slices.SortedFunc(maps.Values(byID), func(a, b table.Label) int { return cmp.Compare(a.ImageID, b.ImageID) })
	names = slices.Sorted(maps.Keys(byName))
	item, rater := map[string]int{}, map[string]int{}
	for i, name := range names {
		rater[name] = i
	}
	type prompt struct{ category, split, text, image string }
	clusters, strata := map[prompt]int{}, map[prompt]int{}
	for i, image := range images {
		item[image.ImageID] = i
		of := prompt{image.Category, image.Split, image.Prompt, ""}
		if of.text == "" {
			of.image = image.ImageID
		}
		if _, known := clusters[of]; !known {
			clusters[of] = len(clusters)
			stratum := prompt{category: of.category, split: of.split}
			if _, known := strata[stratum]; !known {
				strata[stratum] = len(strata)
			}
			v.Strata = append(v.Strata, strata[stratum])
		}
		v.Clusters = append(v.Clusters, clusters[of])
	}
	v.Items, v.Raters, v.Categories = len(images), len(names), answers
	for _, label := range labels {
		switch label.Label {
		case "good":
			v.All = append(v.All, quality.Vote{Item: item[label.ImageID], Rater: rater[label.Rater], Category: good})
		case "bad":
			v.All = append(v.All, quality.Vote{Item: item[label.ImageID], Rater: rater[label.Rater], Category: bad})
		}
	}
	return v, images, names
}
