package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/hub/hubtest"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// TestDownload takes an experiment on models of a hub from nothing to its second
// run: planned without them, refused, fetched, run, and run again in part when
// main has moved.
func TestDownload(t *testing.T) {
	backendstest.Only(t, backends.Go)
	server := hubtest.New(t)
	diffusion := hubtest.Directory(t, "../../plugins/ml/models/testdata/tiny-stable-diffusion")
	clip := hubtest.Directory(t, "../../plugins/ml/models/testdata/tiny-clip")
	for _, unread := range []string{"v1-5-pruned.ckpt", "unet/diffusion_pytorch_model.bin", "safety_checker/model.safetensors", "README.md"} {
		diffusion[unread] = bytes.Repeat([]byte{1}, 5000)
	}
	model := server.Put("someone/tiny-stable-diffusion", diffusion)
	server.Put("someone/tiny-clip", clip).Gated = true

	t.Chdir(t.TempDir())
	t.Setenv(shipped, "1")
	t.Setenv("HF_HOME", filepath.Join(t.TempDir(), "hf"))
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		t.Setenv(name, "")
	}
	t.Setenv("HF_ENDPOINT", server.URL)
	experiment := `
experiment "hub" {}

variable "weights" {
  default = "hf://someone/tiny-stable-diffusion"
}

prompts "words" {
  list = ["a red circle"]
}

sampler "stable_diffusion" "tiny" {
  weights             = var.weights
  num_inference_steps = 1
  height              = 16
  width               = 16
}

encoder "clip" "tiny" {
  weights = "hf://someone/tiny-clip"
}

reward "clip_score" "tiny" {
  encoder = encoder.tiny
}

evaluate "main" {
  models  = [sampler.tiny]
  prompts = prompts.words
  rewards = [reward.tiny]
}
`
	if err := os.WriteFile("hub.hcl", []byte(experiment), 0o644); err != nil {
		t.Fatal(err)
	}
	plumb := func(code int, arguments ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		if got := execute(arguments, &out, &errOut, builtinHouse()); got != code {
			t.Fatalf("plumb %s: exit %d, want %d\n%s%s", strings.Join(arguments, " "), got, code, out.String(), errOut.String())
		}
		return strings.Join(strings.Fields(out.String()+errOut.String()), " ") // lines are broken anywhere
	}
	says := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("it does not say %q:\n%s", want, text)
			}
		}
	}

	// Nothing is asked of the hub before the user asks for it.
	says(plumb(exitOK, "validate", "hub.hcl"), "Not downloaded yet", "hf://someone/tiny-clip@main is not in the cache", "`plumb download hub.hcl` fetches", "--dry-run")
	says(plumb(exitOK, "plan", "hub.hcl"), "sample/main/tiny 1 images, stable_diffusion missing", "hub.hcl line 13")
	says(plumb(exitUsage, "run", "hub.hcl"), "Error: Not downloaded yet", "nothing is downloaded without being asked")
	if asked := server.Requests(); len(asked) > 0 {
		t.Fatalf("asked unasked: %q", asked)
	}

	// What is wrong is said at the place that names the model, before anything comes.
	says(plumb(exitFailed, "download", "-var", "weights=hf://someone/none", "hub.hcl"), "No such model on the hub", "hub.hcl line 13", "someone/tiny-clip@main: commit 000000000000, 6 files")
	if _, err := os.Stat(os.Getenv("HF_HOME")); err == nil {
		t.Error("a failed download wrote something")
	}
	says(plumb(exitOK, "download", "--dry-run", "hub.hcl"), "hf://someone/tiny-stable-diffusion@main: commit 000000000000, 12 files, ", "to download: ")
	says(plumb(exitFailed, "download", "hub.hcl"), "The model is gated", "hub.hcl line 20", server.URL+"/someone/tiny-clip")
	// The other model came before, and is here.
	says(plumb(exitOK, "plan", "hub.hcl"), "encode/main/tiny/tiny 1 images, clip missing", "0 of 6 files are there")
	t.Setenv("HF_TOKEN", hubtest.Token)
	says(plumb(exitOK, "download", "hub.hcl"), "tiny-stable-diffusion@main: commit 000000000000, 12 files", "; all here", "hf://someone/tiny-clip@main is here, commit "+hubtest.Commit(1), "same with hf://someone/tiny-stable-diffusion@"+hubtest.Commit(1))
	for _, request := range server.Requests() {
		if slices.ContainsFunc([]string{"ckpt", ".bin", "safety_checker", "README", "expected", "token sent"}, func(word string) bool { return strings.Contains(request, word) }) {
			t.Errorf("it was asked: %s", request)
		}
	}

	// Without a network, all is there.
	t.Setenv("HF_HUB_OFFLINE", "1")
	says(plumb(exitOK, "run", "hub.hcl"), "done encode/main/tiny/tiny", "done score/main/tiny/tiny")
	first := plumb(exitOK, "explain", "hub.hcl", "sample/main/tiny")
	says(first, `"weights":"sha256:`)
	says(plumb(exitOK, "run", "hub.hcl"), "all cached: nothing to run")
	says(plumb(exitFailed, "download", "hub.hcl"), "HF_HUB_OFFLINE is set")
	says(plumb(exitOK, "plugin", "try", "clip", "encode", "--prompt", "a red ring", "--set", "weights=hf://someone/tiny-clip"), "a red ring")
	says(plumb(exitOK, "plugin", "try", "stable_diffusion", "sample", "--prompt", "a red ring", "--set", "weights=hf://someone/tiny-stable-diffusion", "--set", "num_inference_steps=2", "--out", "drawn"), "drawn/001-0.png")
	says(plumb(exitOK, "plugin", "try", "clip_score", "score", "drawn/001-0.png", "--prompt", "a red ring", "--encoder", "clip", "--encoder-set", "weights=hf://someone/tiny-clip"), "drawn/001-0.png")
	says(plumb(exitUsage, "plugin", "try", "clip", "encode", "--prompt", "x", "--set", "weights=hf://someone/none"), "--set weights=hf://someone/none: hf://someone/none@main is not in the cache", "hf download someone/none")
	says(plumb(exitUsage, "plugin", "try", "clip_score", "score", "drawn", "--prompt", "x", "--encoder", "clip"), "--encoder-set weights=VALUE")
	t.Setenv("HF_HUB_OFFLINE", "")
	// The same files in a directory are the same stage.
	says(plumb(exitOK, "plan", "-var", "weights="+fmt.Sprint("hf://someone/tiny-stable-diffusion@", hubtest.Commit(1)), "hub.hcl"), "all cached: nothing to run")
	view, err := filepath.Glob(filepath.Join(os.Getenv("HF_HOME"), "hub", "models--someone--tiny-stable-diffusion", "plumb", "0*-*"))
	if err != nil || len(view) != 1 {
		t.Fatalf("views: %q, %v", view, err)
	}
	for name, content := range hubtest.Directory(t, view[0]) {
		path := filepath.Join("copy", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	says(plumb(exitOK, "plan", "-var", "weights=copy", "hub.hcl"), "all cached: nothing to run")

	// main moves: what was fetched stays in use until the new files are fetched.
	moved := map[string][]byte{}
	for name, content := range diffusion {
		moved[name] = content
	}
	weights := slices.Clone(moved["unet/diffusion_pytorch_model.safetensors"])
	weights[len(weights)-2] ^= 0x08 // the last number's mantissa
	moved["unet/diffusion_pytorch_model.safetensors"] = weights
	server.Push(model, moved)
	says(plumb(exitOK, "run", "hub.hcl"), "all cached: nothing to run")
	server.Requests()
	says(plumb(exitOK, "download", "hub.hcl"), "tiny-stable-diffusion@main is here, commit "+hubtest.Commit(2))
	var came []string
	for _, request := range server.Requests() {
		if strings.Contains(request, "json") || strings.Contains(request, "safetensors") {
			came = append(came, request)
		}
	}
	if len(came) != 1 || came[0] != "GET unet/diffusion_pytorch_model.safetensors" {
		t.Errorf("fetched again: %q", came)
	}
	if second := plumb(exitOK, "explain", "hub.hcl", "sample/main/tiny"); second == first {
		t.Errorf("other weights have the same key:\n%s", second)
	}
	says(plumb(exitOK, "run", "hub.hcl"), "done sample/main/tiny")
	says(plumb(exitOK, "plan", "-var", fmt.Sprint("weights=hf://someone/tiny-stable-diffusion@", hubtest.Commit(1)), "hub.hcl"), "all cached: nothing to run")

	// A file of the cache is damaged: found out, and mended.
	blob, err := filepath.EvalSymlinks(filepath.Join(view[0], "vae", "diffusion_pytorch_model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(blob)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-2] ^= 1
	if err := os.WriteFile(blob, content, 0o644); err != nil {
		t.Fatal(err)
	}
	says(plumb(exitUsage, "run", "hub.hcl"), "A downloaded file is damaged", "`plumb download hub.hcl` fetches it again")
	plumb(exitOK, "download", "hub.hcl")
	says(plumb(exitOK, "run", "hub.hcl"), "all cached: nothing to run")

	// Other mistakes of names.
	says(plumb(exitUsage, "validate", "-var", "weights=hf://tiny-stable-diffusion", "hub.hcl"), "Not a model of the hub", "write hf://OWNER/tiny-stable-diffusion")
	says(plumb(exitOK, "validate", "-var", "weights=someone/tiny-stable-diffusion", "hub.hcl"), `write "hf://someone/tiny-stable-diffusion"`)
	says(plumb(exitUsage, "run", "-var", "weights=hf://someone/tiny-stable-diffusion?variant=fp16", "hub.hcl"), "The model cannot be used", "leave away ?variant=fp16")
	if err := os.WriteFile("none.hcl", []byte(strings.ReplaceAll(experiment, "hf://someone/tiny-clip", "copy")), 0o644); err != nil {
		t.Fatal(err)
	}
	says(plumb(exitOK, "download", "-var", "weights=copy", "none.hcl"), "names no model of Hugging Face's hub")
}

// TestDownloadInterrupted: Ctrl-C keeps what has come, a plan says how much that
// is, and the next download goes on with it.
func TestDownloadInterrupted(t *testing.T) {
	server := hubtest.New(t)
	files := map[string][]byte{"config.json": []byte("{}"), "preprocessor_config.json": []byte("{}"), "model.safetensors": bytes.Repeat([]byte("weights "), 1<<16)}
	server.Put("someone/clip", files)
	t.Chdir(t.TempDir())
	cache := filepath.Join(t.TempDir(), "cache")
	t.Setenv("HF_HUB_CACHE", cache)
	t.Setenv("HF_HUB_OFFLINE", "")
	t.Setenv("HF_TOKEN", "")
	t.Setenv("HF_HOME", t.TempDir())
	t.Setenv("HF_ENDPOINT", server.URL)
	if err := os.WriteFile("x.hcl", []byte(strings.ReplaceAll(withWeights, `"weights"`, `"hf://someone/clip"`)), 0o644); err != nil {
		t.Fatal(err)
	}
	const came = 300_000
	server.Fail("model.safetensors", hubtest.Fault{After: came, Stall: time.Minute})
	go func() {
		for range 1000 {
			parts, _ := filepath.Glob(filepath.Join(cache, "*", "blobs", "*.incomplete"))
			for _, part := range parts {
				if info, err := os.Stat(part); err == nil && info.Size() == came {
					if self, err := os.FindProcess(os.Getpid()); err == nil {
						self.Signal(os.Interrupt)
					}
					return
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	plumb := func(code int, arguments ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		if got := execute(arguments, &out, &errOut, builtinHouse()); got != code {
			t.Fatalf("plumb %s: exit %d, want %d\n%s%s", strings.Join(arguments, " "), got, code, out.String(), errOut.String())
		}
		return strings.Join(strings.Fields(out.String()+errOut.String()), " ")
	}
	if text := plumb(exitInterrupted, "download", "x.hcl"); !strings.Contains(text, "Interrupted. What came is kept; go on with plumb download x.hcl") {
		t.Errorf("it says %s", text)
	}
	if text := plumb(exitOK, "plan", "x.hcl"); !strings.Contains(text, "1 of 3 files are there, 293 KiB of 512 KiB") {
		t.Errorf("a plan says %s", text)
	}
	server.Requests()
	if text := plumb(exitOK, "download", "x.hcl"); !strings.Contains(text, "3 files, 512 KiB; 219 KiB to come") || !strings.Contains(text, "is here, commit") {
		t.Errorf("it says %s", text)
	}
	if asked := server.Requests(); !slices.Contains(asked, fmt.Sprint("GET model.safetensors from ", came)) {
		t.Errorf("asked %q", asked)
	}
	// What is there is looked into, and these files are no model.
	if text := plumb(exitUsage, "plan", "x.hcl"); strings.Contains(text, " missing ") || !strings.Contains(text, "config.json is an unsupported or damaged model configuration") {
		t.Errorf("a plan says %s", text)
	}
}
