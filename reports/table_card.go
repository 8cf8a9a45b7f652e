package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// cardTable is what the rewards can be trusted with: whether they tell good images from
// bad ones, beside how well one rater foretells the others; whether their scores are
// probabilities; whether they read the prompt and look at the image; and what harmless
// changes of an image do to its score. What a number says stands beside it only as far
// as its interval says so.
func cardTable(_ variant, e evaluation) (Table, bool) {
	if !e.has(metric.MeasureRewardCard) {
		return Table{}, false
	}
	c := card{evaluation: e}
	c.table = Table{ID: "card", Title: "Reward card", Columns: []Column{cardReward, cardCheck, cardPrompts, cardValue, cardVersus, cardTheirs, cardReading}}
	for _, reward := range e.cardedRewards() {
		c.reward = reward
		c.agreement()
		c.calibration()
		c.perturbations()
	}
	t := c.table
	t.note("pairs: of a good and a bad image of one prompt, the good one scores higher; a rater: how well one rater's vote does the same against the majority of the others. A reward gives more than two scores, so it may do better.")
	if m := e.find(metric.CalibrationError, part{}); m != nil {
		t.note(fmt.Sprintf("calibration error: mean distance, over %s bins of images of like score, of score and share of good votes; chance: what a calibrated score would get with these images.", m.Protocol["bins"]))
	}
	t.note("own prompt, image: the share of good images that score higher than the same image with another prompt, of the same category if it has several, or than a blank or noisy image with their prompt; ties count half. change, size: mean change of the score and of its size, in standard deviations of the scores before. A mirrored image is another one where prompts say left and right.")
	for _, name := range []string{metric.ScoreChangeSize, metric.ScoreChange} {
		if m := e.find(name, part{}); m != nil && m.N > 0 {
			t.note(fmt.Sprintf("%d images of %s, of %d prompts, were changed.", m.N, m.Protocol[metric.ImagesOf], m.Clusters))
			break
		}
	}
	return t, len(t.Rows) > 0
}

var (
	cardReward  = wordColumn(FieldSubject, "reward")
	cardCheck   = wordColumn(FieldQuantity, "check")
	cardPrompts = wordColumn(FieldPart, "prompts")
	cardValue   = Column{Key: ColumnKey{Field: FieldValue}, Title: "value"}
	cardVersus  = wordColumn(FieldVersus, "beside")
	cardTheirs  = Column{Key: ColumnKey{Field: FieldValue, OfVersus: true}, Title: "theirs"}
	cardReading = wordColumn(FieldReading, "reading")
)

// card is the table while it is made.
type card struct {
	evaluation
	table  Table
	reward string
}

// cardedRewards lists the rewards that have a card.
func (e evaluation) cardedRewards() []string {
	return e.distinct(metric.ScoreChange, func(m record.Metric) string { return m.Subject })
}

// add adds a row; a nil metric has none.
func (c *card) add(check string, over part, m *record.Metric, versus string, theirs Cell, reading string) {
	if m == nil {
		return
	}
	row := Row{Subject: c.reward, Detail: over.category != ""}
	row.put(cardReward, text(c.reward))
	row.put(cardCheck, text(check))
	row.put(cardPrompts, text(over.name()))
	row.put(cardValue, c.table.cellOf(m))
	row.put(cardVersus, text(versus))
	row.put(cardTheirs, theirs)
	row.put(cardReading, text(reading))
	c.table.Rows = append(c.table.Rows, row)
}

// evenChance is the share of chance where one of two is right.
const evenChance = 0.5

func chanceCell() Cell {
	half := evenChance
	return Cell{Value: &half, Unit: record.Share}
}

// agreement is how well the reward agrees with the raters.
func (c *card) agreement() {
	for _, over := range c.parts(metric.ScoreAbove) {
		m, rater := c.find(metric.PairwiseAccuracy, over, of(c.reward)), c.find(metric.RaterPairwiseAccuracy, over)
		if rater == nil {
			continue
		}
		c.add("pairs told right (%)", over, m, "a rater", c.table.cellOf(rater), join(readShare(m, "tells good from bad", "worse than chance", "not seen to tell good from bad"), readCeiling(m, rater)))
	}
	if m, rater := c.find(metric.RewardAccuracyShare, part{}, of(c.reward)), c.find(metric.RaterAccuracy, part{}); rater != nil {
		c.add("images told right (%)", part{}, m, "a rater", c.table.cellOf(rater), readCeiling(m, rater))
	}
	if m := c.find(metric.AUC, part{}, of(c.reward)); m != nil && c.find(metric.RaterAccuracy, part{}) != nil {
		c.add("AUC (%)", part{}, m, "chance", chanceCell(), readShare(m, "one scale over prompts tells good from bad", "worse than chance", "not seen to tell good from bad"))
	}
}

// calibration is how far the scores are probabilities.
func (c *card) calibration() {
	if m := c.find(metric.CalibrationError, part{}, of(c.reward)); m != nil {
		check := "calibration error (%)"
		if m.Protocol[metric.Calibrated] == metric.AfterFit {
			check = "calibration error after a fit (%)"
		}
		reading := ""
		switch {
		case m.Low == nil:
		case *m.Low > 0:
			reading = "off by more than chance"
		default:
			reading = "no error beyond chance seen"
		}
		c.add(check, part{}, m, "chance", c.table.cellOf(c.find(metric.CalibrationErrorChance, part{}, of(c.reward))), reading)
	}
	if m := c.find(metric.CalibrationBias, part{}, of(c.reward)); m != nil && m.Value != nil {
		c.add("score less share of good votes (points)", part{}, m, "", text(""), readSign(m, "promises too much", "promises too little", "no bias seen"))
	}
}

// perturbations is what changes of images and prompts do.
func (c *card) perturbations() {
	names := c.distinct(metric.ScoreChange, func(m record.Metric) string { return m.Perturbation })
	for _, name := range names {
		for _, over := range c.parts(metric.ScoreAbove) {
			if over.split != "" {
				continue
			}
			m := c.find(metric.ScoreAbove, over, of(c.reward), after(name))
			check, sees := seenIn(name)
			c.add(check, over, m, "chance", chanceCell(), readShare(m, sees, "prefers what is wrong", "not seen to: "+sees))
		}
	}
	for _, name := range names {
		if c.find(metric.ScoreAbove, part{}, of(c.reward), after(name)) != nil {
			continue
		}
		change := c.find(metric.ScoreChange, part{}, of(c.reward), after(name))
		c.add(changeInWords(name)+", change (sd)", part{}, change, "", text(""), readSign(change, "scores rise", "scores fall", "no shift seen"))
		size := c.find(metric.ScoreChangeSize, part{}, of(c.reward), after(name))
		c.add(changeInWords(name)+", size (sd)", part{}, size, "", text(""), readSize(size))
	}
}

// seenIn is what a change that destroys what is seen asks, and what a reward does that
// passes.
func seenIn(name string) (check, sees string) {
	if name == "other_prompt" {
		return "own prompt before another (%)", "reads the prompt"
	}
	return "image before " + changeInWords(name) + " (%)", "looks at the image"
}

// changeInWords is a perturbation's name in words: jpeg_50 is "JPEG 50".
func changeInWords(name string) string {
	how, amount, ok := strings.Cut(name, "_")
	switch {
	case how == "jpeg":
		return "JPEG " + amount
	case ok:
		return how + " to " + amount + " %"
	case how == "flip":
		return "mirrored"
	}
	return how
}

// readShare reads a share against even chance.
func readShare(m *record.Metric, above, below, neither string) string {
	switch {
	case m == nil || m.Low == nil:
		return ""
	case *m.Low > evenChance:
		return above
	case *m.High < evenChance:
		return below
	}
	return neither
}

// readSign reads a number against zero.
func readSign(m *record.Metric, above, below, neither string) string {
	switch {
	case m == nil || m.Low == nil:
		return ""
	case *m.Low > 0:
		return above
	case *m.High < 0:
		return below
	}
	return neither
}

// readCeiling reads a reward's share against a rater's. Both are of the same images and
// not independent, so that intervals apart are more than is needed.
func readCeiling(m, rater *record.Metric) string {
	switch {
	case m == nil || m.Low == nil || rater.Low == nil:
		return ""
	case above(m, rater):
		return "better than a rater"
	case above(rater, m):
		return "short of a rater"
	}
	return "as a rater, as far as one sees"
}

// largeChange is the size, in standard deviations of the scores, from which on a change
// that should do nothing is called large.
const largeChange = 0.5

func readSize(m *record.Metric) string {
	switch {
	case m == nil || m.Low == nil:
		return ""
	case *m.Low > largeChange:
		return "by more than half of the spread"
	case *m.High < largeChange:
		return "by less than half of the spread"
	}
	return ""
}

func join(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), "; ")
}

// cardAlarms says which rewards are not seen to read the prompt or to look at the image.
func cardAlarms(e evaluation) []string {
	var all []string
	for _, reward := range e.cardedRewards() {
		for _, name := range e.distinct(metric.ScoreAbove, func(m record.Metric) string { return m.Perturbation }) {
			m := e.find(metric.ScoreAbove, part{}, of(reward), after(name))
			if m == nil || m.Low == nil || *m.Low > evenChance {
				continue
			}
			than := map[string]string{"other_prompt": "with their own prompt than with another", "blank": "than a blank image in their place", "noise": "than an image of noise in their place"}[name]
			_, sees := seenIn(name)
			all = append(all, fmt.Sprintf("Reward %s scores %.0f %% [%.0f, %.0f] of good images higher %s, where chance gives 50 %%: nothing shows that it %s.", reward, 100**m.Value, 100**m.Low, 100**m.High, than, sees))
		}
	}
	return all
}
