package stage

import (
	"context"
	"fmt"
	"math"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// blend adds up the scores of several rewards, each normalised on its own:
//
//	s = sum over terms k of w_k * (s_k - shift_k) / scale_k
//
// Shift and scale come from the term's scores over one set of images, which is the
// same whatever images are scored: a score means the same for every model.
func blend(_ context.Context, job Job, work *plan.BlendWork) (*Result, error) {
	var sums []table.Score
	for k, term := range work.Terms {
		scores, err := job.scores(term.Scores)
		if err != nil {
			return nil, err
		}
		shift, scale, err := job.normaliser(work, term)
		if err != nil {
			return nil, err
		}
		if k == 0 {
			sums = make([]table.Score, len(scores))
		}
		if len(scores) != len(sums) {
			return nil, fmt.Errorf("reward %q has scores of %d images, and reward %q of %d", term.Reward, len(scores), work.Terms[0].Reward, len(sums))
		}
		for i, row := range scores {
			value := sums[i].Score + term.Weight*(row.Score-shift)/scale
			if k > 0 && row.ImageID != sums[i].ImageID {
				return nil, fmt.Errorf("scores of reward %q have image %q where those of reward %q have %q", term.Reward, row.ImageID, work.Terms[0].Reward, sums[i].ImageID)
			}
			sums[i] = row
			sums[i].Score = value
		}
	}
	given := newBounds()
	for _, row := range sums {
		if math.IsNaN(row.Score) || math.IsInf(row.Score, 0) {
			return nil, diag.Errorf(job.Node.Range, fmt.Sprintf("Reward %q gives image %q the score %v", work.Reward, row.ImageID, row.Score),
				"The scores of its members are too large to be added up. Give it normalize = \"standard\", or smaller weights.")
		}
		given.add(row.Score)
	}
	if len(sums) > 1 && given.constant() {
		return nil, diag.Errorf(job.Node.Range, fmt.Sprintf("Reward %q gives all %d images the same score, %g", work.Reward, len(sums), given.lowest),
			"Its members cancel out: training or choosing by it would change nothing. Give them other weights.")
	}
	if err := table.WriteAll(job.tablePath(plan.Scores), sums); err != nil {
		return nil, err
	}
	result := &Result{Items: len(sums), Unit: "images"}
	return result, job.table(result, plan.Scores, len(sums))
}

// normaliser is what a term's scores are shifted by and divided by. The deviation
// is that of the population: its squares are divided by the number of images.
func (job Job) normaliser(work *plan.BlendWork, term plan.BlendTerm) (shift, scale float64, err error) {
	if work.Normalize == spec.NormalizeNone {
		return 0, 1, nil
	}
	scores, err := job.scores(term.Over)
	if err != nil {
		return 0, 0, err
	}
	given := newBounds()
	var mean, squares float64
	for i, row := range scores { // Welford 1962: the squares do not cancel
		given.add(row.Score)
		before := row.Score - mean
		mean += before / float64(i+1)
		squares += before * (row.Score - mean)
	}
	shift, scale = mean, math.Sqrt(squares/float64(len(scores)))
	if work.Normalize == spec.NormalizeRange {
		shift, scale = given.lowest, given.highest-given.lowest
	}
	if given.constant() || scale == 0 {
		return 0, 0, diag.Errorf(job.Node.Range,
			fmt.Sprintf("Reward %q gives all %d images of images.%s the same score, %g", term.Reward, len(scores), work.Over, given.lowest),
			"It is a member of reward %q, which normalises by these scores, and nothing varies in them. Normalise over other images (over = images.NAME), remove the member, or say normalize = \"none\".", work.Reward)
	}
	return shift, scale, nil
}

// scores reads a table of scores. It is small beside the images.
func (job Job) scores(role string) ([]table.Score, error) {
	path, err := job.input(role)
	if err != nil {
		return nil, err
	}
	rows, err := table.ReadAll[table.Score](path)
	if err == nil && len(rows) == 0 {
		err = job.noImages()
	}
	return rows, err
}
