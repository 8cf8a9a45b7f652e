package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// TestJudgeStableDiffusion: a directory of diffusers against LoRA that was trained on
// it, and against its own unet in a single file. LoRA draws what the finetune that made
// it draws; the unet draws what the directory does.
func TestJudgeStableDiffusion(t *testing.T) {
	backendstest.Only(t, backends.Go)
	model, err := filepath.Abs("../../experiments/tiny_sd/model")
	if err != nil {
		t.Fatal(err)
	}
	clip, err := filepath.Abs("../../plugins/ml/models/testdata/tiny-clip")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	t.Setenv(shipped, "1")
	plumb := func(code int, args ...string) (string, string) {
		t.Helper()
		var out, errOut bytes.Buffer
		if got := execute(append([]string{"-backend", "go"}, args...), &out, &errOut, builtinHouse()); got != code {
			t.Fatalf("plumb %s: exit %d\n%s%s", strings.Join(args, " "), got, out.String(), errOut.String())
		}
		return out.String(), errOut.String()
	}
	if err := os.WriteFile("prompts.txt", []byte("a red cat\ntwo birds\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	experiment := fmt.Sprintf(`
experiment "tuning" { seed = 1 }
prompts "given" { path = "prompts.txt" }
sampler "stable_diffusion" "base" {
  weights             = %[1]q
  num_inference_steps = 2
  height              = 16
  width               = 16
}
encoder "clip" "judge" { weights = %[2]q }
reward "clip_score" "clip_score" { encoder = encoder.judge }
images "drawn" {
  sampler = sampler.base
  prompts = prompts.given
}
finetune "tuned" {
  sampler       = sampler.base
  reward        = reward.clip_score
  images        = images.drawn
  steps         = 2
  batch_size    = 1
  learning_rate = 1e-2
  warmup_steps  = 0
  lora {
    rank    = 2
    targets = ["to_q", "to_v"]
  }
  loss "reward_weighted" {}
}
evaluate "judge" {
  models  = [sampler.base, finetune.tuned]
  prompts = prompts.given
  rewards = [reward.clip_score]
}
`, model, clip)
	if err := os.WriteFile("tuning.hcl", []byte(experiment), 0o644); err != nil {
		t.Fatal(err)
	}
	plumb(exitOK, "run", "tuning.hcl")
	plumb(exitOK, "export", "tuning.hcl", "tune/tuned", "tuned")
	unet := filepath.Join(model, "unet", "diffusion_pytorch_model.safetensors")
	words := []string{"judge", "base=" + model, "tuned", "unet=" + unet, "--prompts", "prompts.txt", "--per-prompt", "1", "--encoder", clip, "--steps", "2", "--size", "16"}
	out, _ := plumb(exitOK, words...)
	for _, want := range []string{"Verdict", "tuned score clip_score", "unet score clip_score", "16 x 16 pixels", "builtin clip version 4, weights sha256"} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	made, err := outputsOf("runs", "judge")
	if err != nil {
		t.Fatal(err)
	}
	own, err := outputsOf("runs", "tuning")
	if err != nil {
		t.Fatal(err)
	}
	drawn := func(of string) string { return made["sample/judge/"+of]["images"].Digest }
	if want := own["sample/judge/tuned"]["images"].Digest; drawn("tuned") == "" || drawn("tuned") != want {
		t.Errorf("LoRA draws %s, and the finetune that made it %s", drawn("tuned"), want)
	}
	if drawn("unet") != drawn("base") || drawn("tuned") == drawn("base") {
		t.Errorf("base %s, unet %s, LoRA %s", drawn("base"), drawn("unet"), drawn("tuned"))
	}

	// What cannot be judged so is said, with a way out.
	for want, args := range map[string][]string{
		"name the model first":          {"judge", "tuned", model, "--prompts", "prompts.txt"},
		"name a directory of diffusers": {"judge", "shapes", unet, "--prompts", "prompts.txt"},
		"none that it could change":     {"judge", "shapes", "tuned", "--prompts", "prompts.txt"},
		"neither a whole model":         {"judge", model, filepath.Join(model, "text_encoder", "model.safetensors"), "--prompts", "prompts.txt"},
	} {
		if _, errOut := plumb(exitUsage, args...); !strings.Contains(errOut, want) {
			t.Errorf("%v: no %q in %s", args, want, errOut)
		}
	}
	if _, err := os.Stat("runs/judge/models"); err != nil {
		t.Error(err)
	}
}
