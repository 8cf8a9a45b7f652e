package metric

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// CheckpointsInput is what is said of a finetune's images at several of its steps, all
// drawn for the same prompts with the same seeds.
type CheckpointsInput struct {
	Subject string // the finetune
	Reward  string // that it is tuned by; empty: none
	Judge   string // another reward, or a rater, that the tuning does not see
	At      []Checkpoint
	// Planned is how many steps there will be at most, with that before tuning: all of
	// their pairs are compared in the end.
	Planned int
	// Patience is at how many steps in a row, up to the last, the two have to have parted
	// for the tuning to stop.
	Patience int
}

// Checkpoint is what is said of the images at one step.
type Checkpoint struct {
	Step    int           // 0: before tuning
	Trained []table.Score // by the reward; nil if there is none
	// Judged or Labels is what the judge says.
	Judged []table.Score
	Labels []table.Label
}

// Verdict is what the steps of a finetune come to.
type Verdict struct {
	Chosen int // the step whose images the judge likes best, that before tuning apart
	// Parted says that the reward rose and the judge fell between the steps Best, which
	// the judge liked best so far, and Seen, the first step at which that showed.
	Parted     bool
	Best, Seen int
	Stop       bool // it showed at the last steps in a row, as many as patience asks
	Worse      bool // the judge likes no step better than the model before tuning
}

// Checkpoints measures how a finetune's images fare while it is tuned, over all prompts:
//
//	checkpoint_reward      the mean score by the reward that it is tuned by
//	checkpoint_judge       the mean score by the judge, where that is a reward;
//	checkpoint_good_share  the share of images that most raters call good, where it is a rater
//
// Each again as a _change, of a step from the one before it that the judge liked best.
// They part at a step where the reward's change is above zero, if there is a reward, and
// the judge's below. Both intervals are those of the level
//
//	1 - 0.05 / ( n (n-1) / 2 )
//
// with n steps planned (Bonferroni over all of their pairs): then whichever step looks
// best, and whenever one looks, at most one tuning in twenty parts in which no step is
// worse by the judge than one before it. checkpoint_chosen and checkpoint_parted are the
// verdict, as steps.
func Checkpoints(in CheckpointsInput) ([]record.Metric, Verdict, error) {
	watched, err := newWatched(in)
	if err != nil {
		return nil, Verdict{}, err
	}
	var metrics []record.Metric
	var verdict Verdict
	best, row := 0, 0 // positions: what the judge likes best so far; how many steps in a row have parted
	for i, at := range in.At {
		metrics = append(metrics, watched.at(i)...)
		if i == 0 {
			continue
		}
		changes, parted := watched.change(best, i)
		metrics = append(metrics, changes...)
		row++
		if !parted {
			row = 0
		} else if !verdict.Parted {
			verdict.Parted, verdict.Best, verdict.Seen = true, in.At[best].Step, at.Step
		}
		if watched.judge.mean(i) > watched.judge.mean(best) {
			best = i
		}
	}
	verdict.Stop = row >= max(1, in.Patience)
	verdict.Worse = in.At[0].Step == 0 && best == 0
	chosen := -1
	for i, at := range in.At {
		if at.Step > 0 && (chosen < 0 || watched.judge.mean(i) > watched.judge.mean(chosen)) {
			chosen = i
		}
	}
	m := watched.metric
	chosenAt, partedAt := as(m, CheckpointChosen), as(m, CheckpointParted)
	if chosen >= 0 {
		verdict.Chosen = in.At[chosen].Step
		chosenAt.Step = verdict.Chosen
		chosenAt = number(chosenAt, float64(verdict.Chosen))
	} else {
		chosenAt = without(chosenAt, "nothing is tuned yet")
	}
	if verdict.Parted {
		partedAt.Step = verdict.Seen
		partedAt = number(partedAt, float64(verdict.Best))
	} else {
		partedAt = without(partedAt, "they have not parted")
	}
	return append(metrics, chosenAt, partedAt), verdict, nil
}

// watched is the prompts that all steps have images of, and what is said of them.
type watched struct {
	CheckpointsInput
	estimator
	metric  record.Metric
	prompts []promptKey
	judge   course
	reward  course // without clusters if there is none
}

// course is one number over the steps.
type course struct {
	name, change string
	clusters     [][]stats.Cluster // of each step, in the order of the prompts
	bounded      bool              // all items are between 0 and 1
	shares       bool              // they are shares of images
}

func (c course) mean(step int) float64 {
	var sum, n float64
	for _, cluster := range c.clusters[step] {
		sum, n = sum+cluster.Sum, n+cluster.N
	}
	return sum / n
}

func newWatched(in CheckpointsInput) (*watched, error) {
	w := &watched{CheckpointsInput: in}
	w.metric = record.Metric{Subject: in.Subject}
	labelled := len(in.At) > 0 && in.At[0].Labels != nil
	w.judge = course{name: CheckpointJudge, change: CheckpointJudgeChange, bounded: true}
	if labelled {
		w.judge = course{name: CheckpointGoodShare, change: CheckpointGoodShareChange, bounded: true, shares: true}
	}
	w.reward = course{name: CheckpointReward, change: CheckpointRewardChange, bounded: true}
	said := make([]map[promptKey]stats.Cluster, len(in.At))
	scored := make([]map[promptKey]stats.Cluster, len(in.At))
	for i, at := range in.At {
		var err error
		if labelled {
			said[i], err = goodByPrompt(at.Labels)
		} else {
			said[i], err = scoreByPrompt(at.Judged)
			w.judge.bounded = w.judge.bounded && sharelike(at.Judged)
		}
		if err == nil && in.Reward != "" {
			scored[i], err = scoreByPrompt(at.Trained)
			w.reward.bounded = w.reward.bounded && sharelike(at.Trained)
		}
		if err != nil {
			return nil, fmt.Errorf("images of %s after %d steps: %w", in.Subject, at.Step, err)
		}
	}
	if len(in.At) == 0 {
		return nil, fmt.Errorf("%s has images at no step", in.Subject)
	}
	for key := range said[0] {
		everywhere := true
		for i := range in.At {
			_, judged := said[i][key]
			_, rewarded := scored[i][key]
			everywhere = everywhere && judged && (rewarded || in.Reward == "")
		}
		if everywhere {
			w.prompts = append(w.prompts, key)
		}
	}
	if len(w.prompts) == 0 {
		return nil, fmt.Errorf("%s has no prompt whose images are judged at every step", in.Subject)
	}
	slices.SortFunc(w.prompts, comparePromptKeys)
	w.estimator = newEstimator(0, w.prompts)
	fill := func(c *course, of []map[promptKey]stats.Cluster) {
		for i := range in.At {
			var clusters []stats.Cluster
			for _, key := range w.prompts {
				clusters = append(clusters, w.in(key, of[i][key]))
			}
			c.clusters = append(c.clusters, clusters)
		}
	}
	fill(&w.judge, said)
	if in.Reward != "" {
		fill(&w.reward, scored)
	}
	return w, nil
}

func goodByPrompt(labels []table.Label) (map[promptKey]stats.Cluster, error) {
	images, err := byImage(labels)
	if err != nil {
		return nil, err
	}
	clusters := map[promptKey]stats.Cluster{}
	for _, prompt := range sets(images) {
		if c := goodCluster(prompt); c.N > 0 {
			clusters[prompt.promptKey] = c
		}
	}
	return clusters, nil
}

func scoreByPrompt(scores []table.Score) (map[promptKey]stats.Cluster, error) {
	prompts, err := scoreSets(scores)
	if err != nil {
		return nil, err
	}
	clusters := map[promptKey]stats.Cluster{}
	for _, prompt := range prompts {
		clusters[prompt.promptKey] = prompt.cluster()
	}
	return clusters, nil
}

// of is a metric of the judge or of the reward at a step.
func (w *watched) of(c course, name string, step int) record.Metric {
	m := as(w.metric, name)
	m.Step = w.At[step].Step
	switch {
	case c.name == CheckpointReward:
		m.Reward = w.Reward
	case c.shares:
		m.Rater = w.Judge
	default:
		m.Reward = w.Judge
	}
	return m
}

// at is what is said of a step by itself.
func (w *watched) at(step int) []record.Metric {
	var metrics []record.Metric
	for _, c := range w.courses() {
		m := w.of(c, c.name, step)
		switch {
		case c.shares:
			m = w.share(m, c.clusters[step])
		case c.bounded:
			m = w.estimator.bounded(m, c.clusters[step])
		default:
			m = w.estimator.mean(m, c.clusters[step])
		}
		metrics = append(metrics, m)
	}
	return metrics
}

// courses are the judge's and, if there is one, the reward's.
func (w *watched) courses() []course {
	if w.Reward == "" {
		return []course{w.judge}
	}
	return []course{w.judge, w.reward}
}

// pairs is how many pairs of steps are compared in the end.
func (w *watched) pairs() int { n := max(2, w.Planned, len(w.At)); return n * (n - 1) / 2 }

// change compares a step with an earlier one, and says whether reward and judge parted.
func (w *watched) change(from, to int) (metrics []record.Metric, parted bool) {
	level := 1 - (1-stats.Level)/float64(w.pairs())
	parted = true
	for _, c := range w.courses() {
		m := w.of(c, c.change, to)
		m.Versus = fmt.Sprintf("step %d", w.At[from].Step)
		difference, method := stats.MeanDifference, meanIntervals
		if c.bounded {
			difference, method = stats.Difference, differenceIntervals
		}
		interval, err := difference(c.clusters[to], c.clusters[from], level)
		m.Clusters = len(w.prompts)
		for _, cluster := range c.clusters[to] {
			m.N += int(cluster.N)
		}
		m = w.complete(m, c.mean(to)-c.mean(from), fmt.Sprintf("%s; together with all %d pairs of steps, each %.4g %%", method, w.pairs(), 100*level), interval, err)
		metrics = append(metrics, m)
		falls, rises := m.High != nil && *m.High < 0, m.Low != nil && *m.Low > 0
		if c.name == CheckpointReward {
			parted = parted && rises
		} else {
			parted = parted && falls
		}
	}
	return metrics, parted
}
