package reports

import "github.com/plumb-ml/plumb/core/record"

// part is a part of the prompts that a number is about; the zero part is all.
type part struct {
	category, split string
}

// name is how a table calls the part.
func (p part) name() string {
	switch {
	case p.category == "" && p.split == "":
		return "all"
	case p.category == "":
		return p.split
	}
	return p.category
}

// parts lists all prompts, each split, and each category, as far as a metric
// was measured there.
func (e evaluation) parts(metric string) []part {
	all := []part{{}}
	for _, split := range e.splits(metric) {
		all = append(all, part{split: split})
	}
	for _, category := range e.distinct(metric, func(m record.Metric) string { return m.Category }) {
		all = append(all, part{category: category})
	}
	return all
}

// splitsAsParts is each split as a part.
func splitsAsParts(splits []string) []part {
	var parts []part
	for _, split := range splits {
		parts = append(parts, part{split: split})
	}
	return parts
}

// orAll is the splits as parts, or all prompts if there are none.
func orAll(splits []string) []part {
	if len(splits) == 0 {
		return []part{{}}
	}
	return splitsAsParts(splits)
}
