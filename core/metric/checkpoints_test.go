package metric

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// courseOf is a tuning at steps 0, 100, 200, ... whose scores are the means, with a wobble
// of each prompt that is alike at all steps and one that is not.
func courseOf(prompts int, reward, judge []float64, noise float64, random *rand.Rand) CheckpointsInput {
	in := CheckpointsInput{Subject: "full", Reward: "learned", Judge: "clip", Planned: len(judge), Patience: 1}
	own := make([]float64, prompts)
	for p := range own {
		own[p] = random.NormFloat64()
	}
	for i := range judge {
		at := Checkpoint{Step: 100 * i}
		for p := range prompts {
			name := fmt.Sprintf("p%03d", p)
			at.Trained = append(at.Trained, scoresOf("color", name, "unseen", reward[i]+own[p]+noise*random.NormFloat64())...)
			at.Judged = append(at.Judged, scoresOf("color", name, "unseen", judge[i]+own[p]+noise*random.NormFloat64())...)
		}
		in.At = append(in.At, at)
	}
	return in
}

func stepMetric(t *testing.T, metrics []record.Metric, name string, step int) record.Metric {
	t.Helper()
	for _, m := range metrics {
		if m.Name == name && m.Step == step {
			return m
		}
	}
	t.Fatalf("no %s at step %d", name, step)
	return record.Metric{}
}

func TestCheckpointsThatPart(t *testing.T) {
	in := courseOf(40, []float64{0, 1, 2, 3, 4}, []float64{0, 1, 1.5, 0.5, -1}, 0.3, rand.New(rand.NewPCG(1, 1)))
	for _, c := range []struct {
		upTo, patience int
		want           Verdict
	}{
		{3, 1, Verdict{Chosen: 200}},
		{4, 1, Verdict{Chosen: 200, Parted: true, Best: 200, Seen: 300, Stop: true}},
		{4, 2, Verdict{Chosen: 200, Parted: true, Best: 200, Seen: 300}},
		{5, 2, Verdict{Chosen: 200, Parted: true, Best: 200, Seen: 300, Stop: true}},
		{1, 1, Verdict{Worse: true}},
	} {
		of := in
		of.At, of.Patience = in.At[:c.upTo], c.patience
		metrics, verdict, err := Checkpoints(of)
		if err != nil || verdict != c.want {
			t.Errorf("of %d steps with patience %d: %+v, %v; want %+v", c.upTo, c.patience, verdict, err, c.want)
		}
		if c.upTo < 4 {
			continue
		}
		if m := stepMetric(t, metrics, CheckpointParted, 300); *m.Value != 200 {
			t.Errorf("parted at %v", *m.Value)
		}
		change := stepMetric(t, metrics, CheckpointJudgeChange, 300)
		mean := func(step int) float64 { return *stepMetric(t, metrics, CheckpointJudge, step).Value }
		if math.Abs(*change.Value-(mean(300)-mean(200))) > 1e-12 || change.Versus != "step 200" || !strings.Contains(change.Protocol["interval"], "all 10 pairs of steps, each 99.5 %") {
			t.Errorf("change %v from %s, by %q", *change.Value, change.Versus, change.Protocol["interval"])
		}
	}
}

// A judge that falls with the reward, as of a training that breaks down, is no parting:
// the reward does not rise.
func TestCheckpointsThatFallTogether(t *testing.T) {
	in := courseOf(40, []float64{0, 1, -2}, []float64{0, 1, -2}, 0.3, rand.New(rand.NewPCG(1, 1)))
	_, verdict, err := Checkpoints(in)
	if err != nil || verdict.Parted || verdict.Chosen != 100 {
		t.Errorf("%+v, %v", verdict, err)
	}
	in.Reward = "" // of a loss without a reward the judge alone decides
	_, verdict, err = Checkpoints(in)
	if err != nil || !verdict.Parted || verdict.Best != 100 || verdict.Seen != 200 {
		t.Errorf("without a reward %+v, %v", verdict, err)
	}
}

// Two prompts of two images: the shares of good ones are 3/4 and 1/2.
func TestCheckpointsByRaters(t *testing.T) {
	in := CheckpointsInput{Subject: "full", Judge: "crowd", At: []Checkpoint{
		{Step: 0, Labels: append(labelsOf("color", "p1", "seen", "ggb", "bbg"), labelsOf("color", "p2", "seen", "ggg", "ggb")...)},
		{Step: 50, Labels: append(labelsOf("color", "p1", "seen", "ggb", "bbb"), labelsOf("color", "p2", "seen", "bbg", "ggb")...)},
	}}
	metrics, verdict, err := Checkpoints(in)
	if err != nil {
		t.Fatal(err)
	}
	if before, after := stepMetric(t, metrics, CheckpointGoodShare, 0), stepMetric(t, metrics, CheckpointGoodShare, 50); *before.Value != 0.75 || *after.Value != 0.5 || before.Rater != "crowd" || before.N != 4 {
		t.Errorf("shares %v and %v", *before.Value, *after.Value)
	}
	if m := stepMetric(t, metrics, CheckpointGoodShareChange, 50); *m.Value != -25 || m.Low != nil || !strings.Contains(m.Note, "fewer than 6 prompts") {
		t.Errorf("change %v, %q", *m.Value, m.Note)
	}
	if (verdict != Verdict{Chosen: 50, Worse: true}) {
		t.Errorf("%+v", verdict)
	}
	in.At[1].Labels[0].Prompt = "another"
	if _, _, err := Checkpoints(in); err == nil {
		t.Error("an image of two prompts is taken")
	}
}

// Where the judge sees no difference between steps, however far the reward rises, few
// tunings part: at most one in twenty of those watched. Where it falls, most do.
func TestCheckpointsRarelyPartByChance(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	const trials, steps = 400, 8
	flat, rising, falling := make([]float64, steps), make([]float64, steps), make([]float64, steps)
	for i := range steps {
		rising[i] = float64(i)
		falling[i] = -0.25 * float64(max(0, i-3))
	}
	for name, c := range map[string]struct {
		judge       []float64
		least, most float64
	}{"flat": {flat, 0, 0.05}, "falling": {falling, 0.8, 1}} {
		parted := 0
		for range trials {
			_, verdict, err := Checkpoints(courseOf(30, rising, c.judge, 0.5, random))
			if err != nil {
				t.Fatal(err)
			}
			if verdict.Parted {
				parted++
			}
		}
		share := float64(parted) / trials
		t.Logf("%s: %.1f %% part", name, 100*share)
		if share < c.least || share > c.most {
			t.Errorf("%s: %.1f %% part", name, 100*share)
		}
	}
}

func TestCheckpointsWithoutPrompts(t *testing.T) {
	at := Checkpoint{Step: 1, Judged: []table.Score{}}
	if _, _, err := Checkpoints(CheckpointsInput{Subject: "full", Judge: "clip", At: []Checkpoint{at}}); err == nil || !strings.Contains(err.Error(), "no prompt whose images are judged") {
		t.Errorf("%v", err)
	}
}
