package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// checkLabels reads the files of labels and comparisons that people have made, known
// answers among them. A file that nobody has written into yet is a warning.
func (s *Session) checkLabels(ctx context.Context) (diag.List, error) {
	var all diag.List
	known := map[*plan.Node]map[string]table.Image{}
	for _, node := range s.Plan.Nodes {
		if len(node.Missing) > 0 {
			continue
		}
		found, err := s.checkAnswers(ctx, node, known)
		if err != nil {
			return nil, err
		}
		if labels.Unfilled(found) {
			found[0].Severity = diag.Warning
		}
		for _, one := range found {
			if !slices.Contains(all, one) { // stages of several variants read one file
				all = append(all, one)
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// checkAnswers reads the file of a stage that people write.
func (s *Session) checkAnswers(ctx context.Context, node *plan.Node, known map[*plan.Node]map[string]table.Image) (diag.List, error) {
	var path string
	var blind, pairs bool
	switch work := node.Work.(type) {
	case *plan.RateWork:
		path, blind = work.Path, work.Blind
	case *plan.CompareWork:
		path, pairs = work.Path, true
	case *plan.PreferWork:
		path, blind, pairs = work.Path, true, true
	}
	if asking := node.Asks(); asking != nil {
		path, blind = asking.GoldPath, asking.Blind // of pairs, blind or not
	}
	if path == "" {
		return nil, nil
	}
	if blind { // what the images are called is known when they have been drawn
		if pairs {
			_, found := labels.ImportBlindChoices(path)
			return found, nil
		}
		return labels.CheckBlind(path), nil
	}
	images, err := s.imagesOf(ctx, node, known)
	if err != nil {
		return nil, err
	}
	var found diag.List
	if pairs {
		_, found = labels.ImportComparisons(path, images)
	} else {
		_, found = labels.Import(path, images)
	}
	return found, nil
}

// imagesOf lists the images that a file of a stage is about, by ID and without
// pixels, as they will be drawn or imported; nil if that cannot be known yet.
func (s *Session) imagesOf(ctx context.Context, node *plan.Node, known map[*plan.Node]map[string]table.Image) (map[string]table.Image, error) {
	input, ok := node.Input(plan.Images)
	if !ok {
		return nil, fmt.Errorf("%s reads no images", node.Name)
	}
	if len(input.Node.Missing) > 0 {
		return nil, nil // what they are is known when that is there
	}
	if images, ok := known[input.Node]; ok {
		return images, nil
	}
	var images []table.Image
	switch work := input.Node.Work.(type) {
	case *plan.SampleWork:
		numbers := work.Numbers()
		for i := range len(work.Prompts) * work.PerPrompt {
			images = append(images, work.Image(i, numbers))
		}
	case *plan.ImportWork:
		var err error
		if images, err = work.Folder.Captions(ctx, s.options.Digests); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%s reads images of a %T", node.Name, work)
	}
	known[input.Node] = table.ByID(images)
	return known[input.Node], nil
}
