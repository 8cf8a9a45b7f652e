package metric

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// imageLabels is what the raters say of one image.
type imageLabels struct {
	promptKey
	image           string
	labels          map[string]string // by rater: "good", "bad" or "skip"
	good, bad, skip int
}

// majority is 1 if most of the raters who did not skip say good, 0 if most say
// bad, one half if they are even. ok is false if every rater skipped.
func (v imageLabels) majority() (share float64, ok bool) {
	switch {
	case v.good+v.bad == 0:
		return 0, false
	case v.good > v.bad:
		return 1, true
	case v.good < v.bad:
		return 0, true
	}
	return 0.5, true
}

// byImage gathers labels by image, sorted by prompt and image.
func byImage(labels []table.Label) ([]imageLabels, error) {
	index := map[string]int{}
	var all []imageLabels
	for _, label := range labels {
		where := promptKey{label.Category, label.Prompt, label.Split}
		i, ok := index[label.ImageID]
		if !ok {
			i = len(all)
			index[label.ImageID] = i
			all = append(all, imageLabels{promptKey: where, image: label.ImageID, labels: map[string]string{}})
		}
		v := &all[i]
		if v.promptKey != where {
			return nil, fmt.Errorf("image %q has labels for two prompts: %q and %q", label.ImageID, v.prompt, label.Prompt)
		}
		if _, twice := v.labels[label.Rater]; twice {
			return nil, fmt.Errorf("image %q has two labels by rater %q", label.ImageID, label.Rater)
		}
		switch label.Label {
		case "good":
			v.good++
		case "bad":
			v.bad++
		case "skip":
			v.skip++
		default:
			return nil, fmt.Errorf("image %q has the label %q: want good, bad or skip", label.ImageID, label.Label)
		}
		v.labels[label.Rater] = label.Label
	}
	slices.SortFunc(all, func(a, b imageLabels) int {
		return cmp.Or(comparePromptKeys(a.promptKey, b.promptKey), compareIDs(a.image, b.image))
	})
	return all, nil
}

// compareIDs orders identifiers as people do: runs of digits by their value, so
// that image 10 of a prompt follows image 9.
func compareIDs(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if isDigit(x[0]) && isDigit(y[0]) {
			var m, n string
			m, x = leadingNumber(x)
			n, y = leadingNumber(y)
			if c := cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n)); c != 0 {
				return c
			}
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	// Equal as numbers ("01" and "1"): any fixed order will do.
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// leadingNumber cuts the digits off the front of s, without leading zeros.
func leadingNumber(s string) (number, rest string) {
	end := 0
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	start := 0
	for start < end-1 && s[start] == '0' {
		start++
	}
	return s[start:end], s[end:]
}

// set is the images of one prompt.
type set struct {
	promptKey
	images []imageLabels
}

// sets groups sorted images by prompt.
func sets(all []imageLabels) []set {
	var grouped []set
	for _, v := range all {
		if n := len(grouped); n == 0 || grouped[n-1].promptKey != v.promptKey {
			grouped = append(grouped, set{promptKey: v.promptKey})
		}
		last := &grouped[len(grouped)-1]
		last.images = append(last.images, v)
	}
	return grouped
}

func setKey(s set) promptKey { return s.promptKey }

// raters counts the raters behind some labels.
func raters(all []imageLabels) int {
	seen := map[string]bool{}
	for _, v := range all {
		for rater := range v.labels {
			seen[rater] = true
		}
	}
	return len(seen)
}
