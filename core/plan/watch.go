package plan

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// WatchWork measures how a finetune fares up to one of its steps, and says whether it
// goes on.
type WatchWork struct {
	Subject  string `json:"subject"`
	Reward   string `json:"reward,omitempty"` // that it is tuned by; empty: none
	Judge    string `json:"judge"`
	Rates    bool   `json:"rates,omitempty"` // the judge is a rater
	Steps    []int  `json:"steps"`           // that were looked at; 0: before tuning
	Planned  int    `json:"planned"`         // how many will be looked at, that before tuning among them
	Stop     bool   `json:"stop,omitempty"`
	Patience int    `json:"patience"`
	// After is the role of the verdict of the step before; empty: the tuning cannot have
	// ended there.
	After string `json:"after,omitempty"`
}

var _ Work = (*WatchWork)(nil)

func (*WatchWork) kind() (record.Kind, string) { return record.KindWatch, "1" }
func (*WatchWork) items() (int, string)        { return 0, "images" }

func trainedAt(step int) string { return fmt.Sprintf("scores at %d", step) }
func judgedAt(step int) string  { return fmt.Sprintf("judged at %d", step) }

// Watched is what a look came to.
type Watched struct {
	Metrics  []record.Metric
	Verdict  dataset.Verdict
	Warnings []string
}

// Look reads the inputs and returns the metrics of all steps up to the last that was
// tuned, and the verdict.
func (w *WatchWork) Look(in *MeasureInputs) (*Watched, error) {
	steps := w.Steps
	ended := false
	if w.After != "" {
		before, err := readVerdict(in, w.After)
		if err != nil {
			return nil, err
		}
		if ended = before.Stop; ended {
			for steps[len(steps)-1] > int(before.Last) {
				steps = steps[:len(steps)-1]
			}
		}
	}
	of := metric.CheckpointsInput{Subject: w.Subject, Reward: w.Reward, Judge: w.Judge, Planned: w.Planned, Patience: w.Patience}
	for _, step := range steps {
		at := metric.Checkpoint{Step: step}
		var err error
		if w.Reward != "" {
			if at.Trained, err = readRows[table.Score](in, trainedAt(step)); err != nil {
				return nil, err
			}
		}
		if w.Rates {
			at.Labels, err = readRows[table.Label](in, judgedAt(step))
		} else {
			at.Judged, err = readRows[table.Score](in, judgedAt(step))
		}
		if err != nil {
			return nil, err
		}
		of.At = append(of.At, at)
	}
	metrics, verdict, err := metric.Checkpoints(of)
	if err != nil {
		return nil, err
	}
	watched := &Watched{Metrics: metrics, Verdict: dataset.Verdict{
		Last: int32(steps[len(steps)-1]), Chosen: int32(verdict.Chosen), Stop: ended || w.Stop && verdict.Stop,
	}}
	if verdict.Worse && len(w.Steps) == w.Planned {
		watched.Warnings = append(watched.Warnings, fmt.Sprintf("%s likes no step of %s better than the model before tuning.", w.Judge, w.Subject))
	}
	return watched, nil
}

// watchMeasure is the metrics of a look alone.
type watchMeasure struct{ WatchWork }

var _ MeasureWork = (*watchMeasure)(nil)

// Measure implements MeasureWork.
func (*watchMeasure) Measure() metric.Measure { return metric.MeasureCheckpoints }

// Compute implements MeasureWork.
func (w *watchMeasure) Compute(_ context.Context, in *MeasureInputs, _ uint64) ([]record.Metric, []dataset.PromptValue, error) {
	watched, err := w.Look(in)
	if err != nil {
		return nil, nil, err
	}
	return watched.Metrics, nil, nil
}

func readVerdict(in *MeasureInputs, role string) (dataset.Verdict, error) {
	rows, err := readRows[dataset.Verdict](in, role)
	if err != nil {
		return dataset.Verdict{}, err
	}
	if len(rows) != 1 {
		return dataset.Verdict{}, fmt.Errorf("read %s: it has %d rows and not one", role, len(rows))
	}
	return rows[0], nil
}

// VerdictAt reads the verdict at a path.
func VerdictAt(path string) (dataset.Verdict, error) {
	return readVerdict(&MeasureInputs{Path: func(string) (string, error) { return path, nil }}, Verdict)
}

// watching is a finetune with an evaluate block while it is planned.
type watching struct {
	*builder
	*spec.Checkpoints
	finetune *spec.Finetune
	looks    []look
	planned  int
}

// look is the images at a step and what is said of them.
type look struct {
	step            int
	images          imageSet
	trained, judged *Node // trained: nil without a reward
}

// watched plans a tuning in parts, each followed by a look at what it draws. work and
// inputs are those of the whole.
func (b *builder) watched(finetune *spec.Finetune, work TuneWork, inputs []Input) *Node {
	w := &watching{builder: b, Checkpoints: finetune.Checkpoints, finetune: finetune, planned: len(finetune.Checkpoints.At)}
	if !finetune.FromScratch {
		w.planned++
		instance, needs := b.model(finetune.Model)
		w.look(0, instance, needs)
	}
	keep := &KeepWork{Keep: w.Keep, Steps: w.At}
	var before, verdict *Node
	var kept []Input
	for i, step := range w.At {
		part := work
		part.Until = step
		needs := inputs[:len(inputs):len(inputs)]
		if before != nil {
			part.After, part.Resume = w.At[i-1], State
			needs = append(needs, Input{State, before, State})
			if w.Stop {
				part.Verdict = Verdict
				needs = append(needs, Input{Verdict, verdict, Verdict}, Input{checkpointBefore, before, Checkpoint}, Input{curveBefore, before, Curve})
			}
		}
		instance, _ := b.model(finetune.Model)
		as := w.as("tune", step)
		as.about.Measure = ""
		as.about.Reward = rewardName(finetune)
		before = b.add(as, &part, instance, b.seed("tune/"+finetune.Name), finetune.Range, needs...)
		kept = append(kept, Input{checkpointAt(step), before, Checkpoint}, Input{curveAt(step), before, Curve})

		sampler, needs := b.instance(samplerOf(finetune))
		sampler.Checkpoint = "sampler checkpoint"
		w.look(step, sampler, append(needs, Input{sampler.Checkpoint, before, Checkpoint}))
		verdict = w.watch(verdict)
	}
	kept = append(kept, Input{Verdict, verdict, Verdict})
	return b.add(named{"keep/" + finetune.Name, record.Stage{Subject: finetune.Name, Reward: rewardName(finetune)}}, keep, nil, 0, w.Range, kept...)
}

func rewardName(finetune *spec.Finetune) string {
	if finetune.Reward == nil {
		return ""
	}
	return finetune.Reward.Name
}

// as names a stage of a step; 0 is the model before tuning.
func (w *watching) as(kind string, step int) named {
	about := record.Stage{Subject: w.finetune.Name, Step: step, Measure: string(metric.MeasureCheckpoints)}
	return named{fmt.Sprintf("%s/%s/%d", kind, w.finetune.Name, step), about}
}

// look draws the images of a step, and has them scored and judged. The images of all
// steps share their seeds, and raters label the same image alike.
func (w *watching) look(step int, sampler *Instance, needs []Input) {
	seeds := "finetune/" + w.finetune.Name + "/evaluate"
	as := w.as("sample", step)
	drawn := w.add(as, &SampleWork{Prompts: w.Prompts, PerPrompt: w.PerPrompt}, sampler, w.seed(seeds), w.Range, needs...)
	of := look{step: step, images: imageSet{fmt.Sprintf("%s/%d", w.finetune.Name, step), as.about, drawn, len(w.Prompts) * w.PerPrompt}}
	if w.finetune.Reward != nil {
		of.trained = w.score(w.finetune.Reward, of.images, w.Range)
	}
	if w.Judge.Kind == "rater" {
		of.judged = w.rate(w.as("rate", step), seeds+"/rate", w.Judge, drawn, of.images.count, w.Range)
	} else {
		of.judged = w.score(w.Judge, of.images, w.Range)
	}
	w.looks = append(w.looks, of)
	if w.Fidelity != nil && w.wants(metric.MeasureFidelity) {
		w.fidelity(of)
	}
}

// watch adds the stage that compares the looks so far. before is the verdict of the one
// before, or nil.
func (w *watching) watch(before *Node) *Node {
	last := w.looks[len(w.looks)-1]
	work := &WatchWork{
		Subject: w.finetune.Name, Reward: rewardName(w.finetune), Judge: w.Judge.Name, Rates: w.Judge.Kind == "rater",
		Planned: w.planned, Stop: w.Stop, Patience: w.Patience,
	}
	output := Scores
	if work.Rates {
		output = Labels
	}
	var inputs []Input
	for _, of := range w.looks {
		work.Steps = append(work.Steps, of.step)
		if of.trained != nil {
			inputs = append(inputs, Input{trainedAt(of.step), of.trained, Scores})
		}
		inputs = append(inputs, Input{judgedAt(of.step), of.judged, output})
	}
	if w.Stop && before != nil {
		work.After = Verdict
		inputs = append(inputs, Input{Verdict, before, Verdict})
	}
	as := w.as("watch", last.step)
	as.about.Reward, as.about.Baseline = work.Reward, w.finetune.Model.Name()
	return w.add(as, work, nil, 0, w.Range, inputs...)
}

// fidelity measures how far the images of a step are from real ones, and how much
// farther than those before tuning.
func (w *watching) fidelity(of look) {
	reference := w.reference()
	work := &FidelityWork{
		Subject: w.finetune.Name, Step: of.step, Encoder: w.Fidelity.Encoder.Name, Component: w.whatIs(w.Fidelity.Encoder),
		AlsoRead: w.readersOf(w.Fidelity.Encoder), Reference: reference.about.Subject,
	}
	var baseline *imageSet
	if first := w.looks[0]; first.step == 0 {
		if of.step == 0 {
			work.Subject = w.finetune.Model.Name()
		} else {
			work.Baseline, baseline = w.finetune.Model.Name(), &first.images
		}
	}
	as := w.as("measure", of.step)
	as.name = fmt.Sprintf("measure/%s/fidelity/%d", w.finetune.Name, of.step)
	as.about.Measure = string(metric.MeasureFidelity)
	w.add(as, work, nil, w.seed("measure/"+w.finetune.Name+"/fidelity"), w.Fidelity.Range, w.distanceInputs(w.Fidelity.Encoder, of.images, reference, baseline)...)
}

// reference is what the images of all steps are compared with.
func (w *watching) reference() imageSet {
	if w.Fidelity.Images != nil {
		return w.imageSet(w.Fidelity.Images)
	}
	sampler := w.Fidelity.Sampler
	name := w.finetune.Name + "/reference"
	about := record.Stage{Measure: string(metric.MeasureCheckpoints), Subject: sampler.Name, Choice: record.Reference}
	node := w.sample(named{"sample/" + name, about}, "finetune/"+w.finetune.Name+"/evaluate/reference", spec.Model{Sampler: sampler}, w.Prompts, w.Fidelity.PerPrompt, w.Fidelity.Range)
	return imageSet{name, about, node, len(w.Prompts) * w.Fidelity.PerPrompt}
}
