package stage

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// preferFromFile reads choices that people made outside of Plumb. The file is for all
// pairs of its evaluation: those of other models are left out.
func preferFromFile(ctx context.Context, job Job, work *plan.PreferWork) (*Result, error) {
	if err := job.waitForFile(work.Path, "choices", work.Sheet, "Write first, second, tie or skip beside each pair and put the file there"); err != nil {
		return nil, err
	}
	s, err := job.sides(ctx)
	if err != nil {
		return nil, err
	}
	given, problems := labels.ImportBlindChoices(work.Path)
	if err := job.waitForAnswers(work.Path, work.Sheet, problems); err != nil {
		return nil, err
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	byItem := map[string][]labels.BlindChoice{}
	aspects := map[string]bool{}
	for _, choice := range given {
		item := people.ItemID(choice.First, choice.Second)
		byItem[item] = append(byItem[item], choice)
		aspects[choice.Aspect] = true
	}
	of := preferring{work}
	var choices []table.Preference
	answered, missing, told := 0, 0, map[string]bool{}
	for _, pair := range s.pairs {
		if pair.Same() {
			for _, aspect := range []string{people.Alignment, people.Fidelity} {
				if aspects[aspect] {
					row := of.alike(pair)
					row.Aspect = aspect
					choices = append(choices, row)
				}
			}
			continue
		}
		found := byItem[pair.Item()]
		if len(found) == 0 {
			missing++
			continue
		}
		answered++
		for _, choice := range found {
			row := of.row(pair)
			row.Aspect, row.Rater, row.Choice, row.First = choice.Aspect, choice.Rater, "skip", work.Versus
			if choice.Choice != "skip" {
				row.Choice = preferred(sdk.Choice(choice.Choice), choice.First == pair.This)
			}
			if choice.First == pair.This {
				row.First = work.Model
			}
			choices = append(choices, row)
			told[choice.Aspect] = true
		}
	}
	if answered == 0 && missing > 0 { // the file's rows are those of other pairs: people come to these
		return nil, job.waiting(work.Path, work.Sheet, "No choices in "+work.Path,
			fmt.Sprintf("None of its rows names one of these %d pairs of images. This writes a sheet with those that have no choice:", missing))
	}
	if err := table.WriteAll(job.tablePath(plan.Preferences), choices); err != nil {
		return nil, err
	}
	result := &Result{Items: len(s.pairs), Unit: "pairs", Facts: preferenceFacts(choices), Warnings: warningsOf(work.Path, problems)}
	if missing > 0 {
		result.Warnings = append(result.Warnings, fmt.Sprintf("%s: nobody chose between the images of %d of %d pairs. They are left out.", filepath.Base(work.Path), missing, len(s.pairs)))
	}
	return result, job.table(result, plan.Preferences, len(choices))
}
