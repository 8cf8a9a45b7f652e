package reports

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
)

// mostChanges is how many gains, and how many losses, of a model are listed.
const mostChanges = 3

// promptChange is how a metric of a prompt differs between a model and its baseline.
type promptChange struct {
	place    promptPlace
	from, to float64
	images   int32
	good     bool // a share of good images, not a reward's mean
}

func (c promptChange) difference() float64 { return c.to - c.from }

// promptValues is a metric of each prompt.
type promptValues map[promptPlace]dataset.PromptValue

// valuesOf reads a model's metrics by prompt.
func valuesOf(input Input, p pictured) (map[string]promptValues, error) {
	all := map[string]promptValues{}
	for _, output := range p.values {
		err := rowsOf(input, p, output, "values by prompt", func(v dataset.PromptValue) {
			if v.Subject != p.model || v.Versus != "" {
				return
			}
			if all[v.Metric] == nil {
				all[v.Metric] = promptValues{}
			}
			all[v.Metric][promptPlace{v.Category, v.Prompt, v.Split}] = v
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// changes lists by how much a model differs from its baseline at each prompt that both
// have, the prompts in the order of the lot: those that changed alike stay in it.
func changes(model, baseline promptValues, good bool, lot lottery) []promptChange {
	var all []promptChange
	for place, value := range model {
		if before, ok := baseline[place]; ok {
			all = append(all, promptChange{place: place, from: before.Value, to: value.Value, images: value.N, good: good})
		}
	}
	slices.SortFunc(all, func(a, b promptChange) int { return lot.compare(a.place, b.place) })
	return all
}

// extremes are the changes that gained most and those that lost most.
func extremes(all []promptChange) (gains, losses []promptChange) {
	up := slices.DeleteFunc(slices.Clone(all), func(c promptChange) bool { return c.difference() <= 0 })
	down := slices.DeleteFunc(slices.Clone(all), func(c promptChange) bool { return c.difference() >= 0 })
	slices.SortStableFunc(up, func(a, b promptChange) int { return cmp.Compare(b.difference(), a.difference()) })
	slices.SortStableFunc(down, func(a, b promptChange) int { return cmp.Compare(a.difference(), b.difference()) })
	return up[:min(len(up), mostChanges)], down[:min(len(down), mostChanges)]
}

// by and between are the change in words.
func (c promptChange) by() string {
	if c.good {
		return fmt.Sprintf("%+.0f points", 100*c.difference())
	}
	return fmt.Sprintf("%+.3g", c.difference())
}

func (c promptChange) between() string {
	if c.good {
		return fmt.Sprintf("%.0f %% to %.0f %% of %s", 100*c.from, 100*c.to, countOf(int(c.images), "image"))
	}
	return fmt.Sprintf("%.3g to %.3g, the mean of %s", c.from, c.to, countOf(int(c.images), "image"))
}

// comparedBy chooses what changes are of: the share of good images, else the first
// reward's mean, as far as both models have it.
func comparedBy(model, baseline map[string]promptValues, rewards []string) (name, title string, good bool) {
	if model[metric.GoodShare] != nil && baseline[metric.GoodShare] != nil {
		return metric.GoodShare, "good images", true
	}
	for _, reward := range rewards {
		name := metric.AverageRewardMean + "/" + reward
		if model[name] != nil && baseline[name] != nil {
			return name, "score of " + reward, false
		}
	}
	return "", "", false
}
