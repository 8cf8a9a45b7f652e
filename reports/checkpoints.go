package reports

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// checkpoints is how a finetune fared while it was tuned, as data: what tables and
// figures of it are made of.
type checkpoints struct {
	finetune string
	reward   string // that it is tuned by; empty: none
	judge    string // a reward, or a rater
	rater    bool   // the judge is a rater
	looks    []checkpoint
	// kept and last are the step whose model the finetune is, and the last that was
	// tuned; 0 where that is not known yet.
	kept, last int
	planned    int // the last step that was planned
	chosen     int // the step that the judge likes best; 0: not known yet
	// parted says that the trained reward rose and the judge fell from the step best to
	// the step seen.
	parted     bool
	best, seen int
}

// checkpoint is what was measured at a step; 0 is before tuning. A metric may be nil.
type checkpoint struct {
	step                      int
	reward, judge             *record.Metric
	rewardChange, judgeChange *record.Metric // from the step before that the judge liked best
	fid, kid, cmmd            *record.Metric
	fidDifference             *record.Metric
}

// checkpointsOf gathers the finetunes that were watched, in their order.
func checkpointsOf(v variant) []checkpoints {
	var all []checkpoints
	for _, s := range v.stages {
		if s.Kind != record.KindWatch {
			continue
		}
		at := slices.IndexFunc(all, func(c checkpoints) bool { return c.finetune == s.Subject })
		if at < 0 {
			at = len(all)
			all = append(all, checkpoints{finetune: s.Subject, reward: s.Reward})
		}
		c := &all[at]
		c.planned = max(c.planned, s.Step)
		if s.record != nil { // a later look has all of the earlier ones
			c.take(s.record.Metrics)
		}
	}
	for i := range all {
		all[i].complete(v)
	}
	return slices.DeleteFunc(all, func(c checkpoints) bool { return len(c.looks) == 0 })
}

func (c *checkpoints) take(metrics []record.Metric) {
	c.looks, c.parted, c.chosen = nil, false, 0
	for i := range metrics {
		m := &metrics[i]
		switch m.Name {
		case metric.CheckpointReward:
			c.look(m.Step).reward = m
		case metric.CheckpointRewardChange:
			c.look(m.Step).rewardChange = m
		case metric.CheckpointJudge, metric.CheckpointGoodShare:
			c.look(m.Step).judge = m
			c.rater = m.Name == metric.CheckpointGoodShare
			c.judge = cmp.Or(m.Rater, m.Reward)
		case metric.CheckpointJudgeChange, metric.CheckpointGoodShareChange:
			c.look(m.Step).judgeChange = m
		case metric.CheckpointChosen:
			c.chosen = m.Step
		case metric.CheckpointParted:
			if m.Value != nil {
				c.parted, c.best, c.seen = true, int(*m.Value), m.Step
			}
		}
	}
}

// look is the checkpoint of a step, which is added if it is not there.
func (c *checkpoints) look(step int) *checkpoint {
	at, found := slices.BinarySearchFunc(c.looks, step, func(l checkpoint, step int) int { return l.step - step })
	if !found {
		c.looks = slices.Insert(c.looks, at, checkpoint{step: step})
	}
	return &c.looks[at]
}

// complete adds what other stages say: the distances of the steps, and which is kept.
func (c *checkpoints) complete(v variant) {
	for _, s := range v.stages {
		if s.record == nil || s.Subject != c.finetune || s.Evaluation != "" {
			continue
		}
		switch {
		case s.Kind == record.KindKeep:
			c.kept, c.last = int(s.record.Facts[record.KeptStep]), int(s.record.Facts[record.LastStep])
		case s.Kind == record.KindMeasure && s.Measure == string(metric.MeasureFidelity):
			at, found := slices.BinarySearchFunc(c.looks, s.Step, func(l checkpoint, step int) int { return l.step - step })
			if !found { // behind the end of the tuning
				continue
			}
			for i := range s.record.Metrics {
				m, of := &s.record.Metrics[i], &c.looks[at]
				if m.Category != "" || m.Split != "" {
					continue
				}
				switch m.Name {
				case metric.FID:
					of.fid = m
				case metric.KID:
					of.kid = m
				case metric.CMMD:
					of.cmmd = m
				case metric.FIDDifference:
					of.fidDifference = m
				}
			}
		}
	}
}

// stopped reports whether the tuning ended before its last step.
func (c checkpoints) stopped() bool { return c.last > 0 && c.last < c.planned }

// stepName is how a step is called.
func stepName(step int) string {
	if step == 0 {
		return "before tuning"
	}
	return fmt.Sprint(step)
}
