package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

const paper = "../../experiments/lee2023_sd15.hcl"

// planned is a plan as JSON.
func planned(t *testing.T, own house, file string, args ...string) (planJSON, string) {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := execute(append([]string{"plan", "-json", file, "-runs", t.TempDir()}, args...), &out, &errOut, own); code != exitOK {
		t.Fatalf("exit %d\n%s", code, errOut.String())
	}
	var p planJSON
	if err := json.Unmarshal(out.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return p, strings.Join(strings.Fields(errOut.String()), " ")
}

func (p planJSON) stage(t *testing.T, name string) stageJSON {
	t.Helper()
	at := slices.IndexFunc(p.Stages, func(s stageJSON) bool { return s.Name == name })
	if at < 0 {
		t.Fatalf("no stage %s", name)
	}
	return p.Stages[at]
}

// TestPaperPlan: the paper at full size is planned without anything of what it
// needs; the plan says what that is and what it will take, and a run refuses.
func TestPaperPlan(t *testing.T) {
	backendstest.Only(t, backends.Go)
	t.Setenv("HF_HOME", t.TempDir())
	t.Setenv("HF_HUB_CACHE", "")
	directory, _ := planned(t, builtinHouse(), paper, "-backend", "go", "-var", "stable_diffusion=../weights/sd", "-var", "clip=../weights/clip")
	for stage, want := range map[string]string{
		"sample/labelled":      "hf download stable-diffusion-v1-5/stable-diffusion-v1-5",
		"encode/labelled/clip": "hf download openai/clip-vit-large-patch14",
	} {
		if one := directory.stage(t, stage); !strings.Contains(strings.Join(one.Missing, " "), want) {
			t.Errorf("with directories, %s misses %q, want %q", stage, one.Missing, want)
		}
	}
	p, _ := planned(t, builtinHouse(), paper, "-backend", "go")
	if labelled := p.stage(t, "sample/labelled"); labelled.Items != 27528 || len(labelled.Missing) != 1 ||
		!strings.Contains(labelled.Missing[0], "plumb download") {
		t.Errorf("labelled images: %+v", labelled)
	}
	for stage, want := range map[string]string{
		"encode/labelled/clip":       "hf://openai/clip-vit-large-patch14@main is not in the cache",
		"rate/human":                 "--label-sheet",
		"rate/test/full":             "evaluate/NAME DIR --label-sheet",
		"import/coco":                "metadata.jsonl",
		"tune/full":                  "stable-diffusion-v1-5",
		"encode/coco/full/inception": "pt_inception-2015-12-05",
		"sample/coco/base":           "stable-diffusion-v1-5",
	} {
		if one := p.stage(t, stage); !strings.Contains(strings.Join(one.Missing, " "), want) {
			t.Errorf("%s misses %q, want %q", stage, one.Missing, want)
		}
	}
	// The four rows of the paper's table.
	for _, model := range []string{"base", "labelled", "unlabelled", "full"} {
		if coco := p.stage(t, "sample/coco/"+model); coco.Items != 40504 || len(coco.Missing) != 2 {
			t.Errorf("%s: %+v", model, coco)
		}
		p.stage(t, "measure/coco/fidelity/"+model)
		p.stage(t, "measure/test/reward/"+model)
		p.stage(t, "measure/test/alignment/"+model)
	}
	// 10,000 steps of 512 images, half of them of pre-training: three forward
	// passes of 0.8 TFLOP each, at 200 TFLOP/s.
	full, half := p.stage(t, "tune/full"), p.stage(t, "tune/labelled")
	if full.Items != 10000 || full.GPUHours < 17 || full.GPUHours > 18 || full.GPUHours != 2*half.GPUHours {
		t.Errorf("full: %+v, labelled alone: %v hours", full, half.GPUHours)
	}
	e := p.Estimate
	if e == nil || e.GPUHours < 50 || e.GPUHours > 80 || e.DiskBytes < 80e9 || e.MemoryBytes < 13e9 || len(e.Assumes) < 3 {
		t.Fatalf("estimate %+v", e)
	}
	if twice, _ := planned(t, builtinHouse(), paper, "-backend", "go", "-tflops", "400"); twice.Estimate.GPUHours != e.GPUHours/2 {
		t.Errorf("%v hours, twice as fast %v", e.GPUHours, twice.Estimate.GPUHours)
	}

	runs := t.TempDir()
	var out, errOut bytes.Buffer
	if code := execute([]string{"run", paper, "-backend", "go", "-runs", runs}, &out, &errOut, builtinHouse()); code != exitUsage {
		t.Errorf("run: exit %d", code)
	}
	for _, want := range []string{"Error: Missing file or directory", "Error: Not downloaded yet", "stable-diffusion-v1-5", "clip-vit-large-patch14", "captions.txt"} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("run does not say %q:\n%s", want, errOut.String())
		}
	}
	if made, err := os.ReadDir(runs); err != nil || len(made) > 0 {
		t.Errorf("run has made %v, %v", made, err)
	}
}

// TestPaperAblations: the paper's ablations at full size share what they can, and
// make nothing that they do not measure.
func TestPaperAblations(t *testing.T) {
	backendstest.Only(t, backends.Go)
	for name, want := range map[string]struct {
		variants int
		of, not  []string // stages that there are, and that there are not
	}{
		"training_data":      {1, []string{"measure/test/alignment/unlabelled", "measure/coco/fidelity/labelled"}, []string{"measure/test/best_of/base"}},
		"auxiliary_loss":     {2, []string{"sample/labelled", "measure/test/reward_accuracy [auxiliary_weight=0]", "measure/test/reward_accuracy [auxiliary_weight=0.5]"}, []string{"tune/full"}},
		"label_fraction":     {2, []string{"sample/labelled", "rate/human [label_fraction=0.5]", "rate/human [label_fraction=1]"}, []string{"tune/full"}},
		"rejection_sampling": {2, []string{"tune/full", "measure/test/best_of/base [best_of=4]", "measure/test/best_of/base [best_of=16]"}, []string{"tune/labelled"}},
	} {
		p, _ := planned(t, builtinHouse(), "../../ablations/sd15_"+name+".hcl", "-backend", "go")
		if len(p.Variants) != want.variants {
			t.Errorf("%s: %d variants", name, len(p.Variants))
		}
		var stages []string
		for _, stage := range p.Stages {
			stages = append(stages, stage.Name)
		}
		for _, stage := range want.of {
			if !slices.Contains(stages, stage) {
				t.Errorf("%s has no %s, of %v", name, stage, stages)
			}
		}
		for _, stage := range want.not {
			if slices.Contains(stages, stage) {
				t.Errorf("%s has %s", name, stage)
			}
		}
	}
}
