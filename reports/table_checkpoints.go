package reports

import (
	"fmt"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
)

// table has a row for each step at which a finetune was looked at.
func (c checkpoints) table() Table {
	step, mark := wordColumn(FieldSubject, "step"), wordColumn(FieldReading, "")
	reward, judge := metricColumn(metric.CheckpointReward, part{}), metricColumn(metric.CheckpointJudge, part{}).titled(c.judge)
	change := metricColumn(metric.CheckpointJudgeChange, part{}).titled("from the best before")
	if c.rater {
		judge = metricColumn(metric.CheckpointGoodShare, part{})
		change = metricColumn(metric.CheckpointGoodShareChange, part{}).titled("points from the best before")
	}
	fid, kid, difference := metricColumn(metric.FID, part{}), metricColumn(metric.KID, part{}).detailed(), metricColumn(metric.FIDDifference, part{}).detailed()
	t := Table{ID: "checkpoints-" + c.finetune, Title: "Checkpoints of " + c.finetune, Columns: []Column{step}}
	if c.reward != "" {
		t.Columns = append(t.Columns, reward.titled(c.reward+", trained on"))
	}
	t.Columns = append(t.Columns, judge, change)
	measured := false
	for _, look := range c.looks {
		measured = measured || look.fid != nil
	}
	if measured {
		t.Columns = append(t.Columns, fid, difference, kid)
	}
	t.Columns = append(t.Columns, mark)
	for _, look := range c.looks {
		row := Row{Subject: stepName(look.step), Baseline: look.step == 0}
		row.put(step, text(stepName(look.step)))
		row.put(reward, t.cellOf(look.reward))
		row.put(judge, t.cellOf(look.judge))
		row.put(change, text(""))
		if look.judgeChange != nil {
			row.put(change, t.cellOf(look.judgeChange))
		}
		if measured {
			row.put(fid, t.cellOf(look.fid))
			row.put(kid, t.cellOf(look.kid))
			row.put(difference, text(""))
			if look.fidDifference != nil {
				row.put(difference, t.cellOf(look.fidDifference))
			}
		}
		row.put(mark, text(c.mark(look.step)))
		t.Rows = append(t.Rows, row)
	}
	who := "its mean score"
	if c.rater {
		who = "the share of images that most of its raters call good"
	}
	t.note(fmt.Sprintf("Judged by %s, which takes no part in the tuning: %s, of images of the same prompts and seeds at every step. The change is from the step before that it likes best, and its interval is for all pairs of steps together. Numbers of the step that is kept are flattered by the choice: an evaluation's are not.", c.judge, who))
	if said := c.said(); said != "" {
		t.note(said)
	}
	return t
}

// mark is what there is to say of a step.
func (c checkpoints) mark(step int) string {
	var words []string
	if step == c.kept && step > 0 {
		words = append(words, "kept")
	} else if step == c.chosen && step > 0 {
		words = append(words, "best")
	}
	if c.parted && step == c.best {
		words = append(words, "parted behind it")
	}
	if c.parted && step == c.seen {
		words = append(words, "seen here")
	}
	if step == c.last && c.stopped() {
		words = append(words, "stopped")
	}
	return strings.Join(words, ", ")
}

// said is what the steps come to, in a sentence or two.
func (c checkpoints) said() string {
	if !c.parted {
		if c.reward == "" {
			return fmt.Sprintf("Nothing shows that %s falls at any step.", c.judge)
		}
		return fmt.Sprintf("Nothing shows that %s falls at a step while %s rises.", c.judge, c.reward)
	}
	from, rises := "step "+fmt.Sprint(c.best), ""
	if c.best == 0 {
		from = "the model before tuning"
	}
	if c.reward != "" {
		rises = fmt.Sprintf(", while %s, which it is tuned by, rises", c.reward)
	}
	said := fmt.Sprintf("From %s to step %d %s falls%s.", from, c.seen, c.judge, rises)
	if c.stopped() {
		said += fmt.Sprintf(" The tuning was stopped after step %d of %d.", c.last, c.planned)
	}
	return said
}

// checkpointAlarms says which finetunes are models of steps at which the reward misleads.
func checkpointAlarms(v variant) []string {
	var all []string
	for _, c := range checkpointsOf(v) {
		if c.parted && c.kept >= c.seen && c.kept != c.chosen {
			all = append(all, fmt.Sprintf("%s is the model of step %d. %s Say keep = \"best\" in its evaluate block, or fewer steps.", c.finetune, c.kept, c.said()))
		}
	}
	return all
}

// keptTable is, of an ablation, which step of each watched finetune is kept under each
// variant; it is empty if none was watched.
func keptTable(variants []variant) []Table {
	variant, finetune, judge := wordColumn(FieldVariable, "variant"), wordColumn(FieldSubject, "finetune"), wordColumn(FieldVersus, "judge")
	kept, last, reading := wordColumn(FieldQuantity, "step kept"), wordColumn(FieldPart, "last step"), wordColumn(FieldReading, "")
	t := Table{ID: "checkpoints", Title: "Checkpoints", Columns: []Column{variant, finetune, judge, kept, last, reading}}
	for _, v := range variants {
		for _, c := range checkpointsOf(v) {
			row := Row{Subject: c.finetune}
			row.put(variant, text(v.Name))
			row.put(finetune, text(c.finetune))
			row.put(judge, text(c.judge))
			row.put(kept, text(stepOr(c.kept, "not yet")))
			row.put(last, text(stepOr(c.last, "not yet")))
			row.put(reading, text(c.said()))
			t.Rows = append(t.Rows, row)
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []Table{t}
}

func stepOr(step int, otherwise string) string {
	if step == 0 {
		return otherwise
	}
	return fmt.Sprint(step)
}
