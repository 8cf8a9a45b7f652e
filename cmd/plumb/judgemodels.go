package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// contestant is a model that is judged, or images in the place of one.
type contestant struct {
	name      string
	component string // of a sampler; empty: images
	weights   string // of a sampler; empty: its own
	lora      string
	images    string // a folder or a table
}

// reference is what HCL calls it.
func (c contestant) reference() string {
	if c.component == "" {
		return "images." + c.name
	}
	return "sampler." + c.name
}

// stableDiffusion is the component that opens models of diffusers.
const stableDiffusion = "stable_diffusion"

// contestants finds out what the user named. The first is the base of LoRA.
func (p *program) contestants(ctx context.Context, flags judgeFlags, args []string) ([]contestant, error) {
	var all []contestant
	var files []int // that are single files, by position: what they are like is known at the end
	names := map[string]bool{"real_images": true}
	for _, arg := range args {
		one, single, err := p.contestant(arg)
		if err != nil {
			return nil, err
		}
		base := one.name
		for n := 2; names[one.name]; n++ {
			one.name = fmt.Sprintf("%s_%d", base, n)
		}
		names[one.name] = true
		if single {
			files = append(files, len(all))
		}
		all = append(all, one)
	}
	like := flags.like
	for _, one := range all {
		if like == "" && one.component == stableDiffusion && one.weights != "" && latentdiffusion.IsModel(one.weights) {
			like = one.weights
		}
	}
	for _, at := range files {
		if like == "" {
			return nil, fmt.Errorf("%s is a single file, which has no configuration, tokenizer or scheduler: name a directory of diffusers of the same architecture that has, --like DIR", all[at].weights)
		}
		unpacked, err := p.unpacked(ctx, all[at].weights, like)
		if err != nil {
			return nil, err
		}
		all[at].weights = unpacked
	}
	for i := range all {
		if all[i].lora == "" {
			continue
		}
		if i == 0 {
			return nil, fmt.Errorf("%s is LoRA, which changes a model: name the model first, plumb judge MODEL %s", args[0], args[0])
		}
		if all[0].component != stableDiffusion {
			return nil, fmt.Errorf("%s is LoRA, which changes the weights of BASE, and %s has none that it could change", args[i], args[0])
		}
		all[i].weights = all[0].weights
	}
	return all, nil
}

// givenName is NAME of NAME=MODEL.
var givenName = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_-]*)=(.+)$`)

// notInNames is what an identifier of HCL has not in it.
var notInNames = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// nameFrom makes an identifier of a path.
func nameFrom(path string) string {
	name := strings.TrimSuffix(filepath.Base(filepath.Clean(path)), ".safetensors")
	name = strings.Trim(notInNames.ReplaceAllString(name, "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "model_" + name
	}
	return strings.TrimSuffix(name, "_")
}

// contestant finds out what a word of the command line is. single says that it is a
// single file, which has to be unpacked.
func (p *program) contestant(word string) (one contestant, single bool, err error) {
	path := word
	if m := givenName.FindStringSubmatch(word); m != nil {
		if _, err := os.Stat(word); err != nil {
			one.name, path = m[1], m[2]
		}
	}
	if one.name == "" {
		one.name = nameFrom(path)
	}
	if strings.HasPrefix(path, "hf://") {
		one.component, one.weights = stableDiffusion, path
		return one, false, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p.namedSampler(one, path)
	case err != nil:
		return one, false, err
	case info.IsDir():
		return p.directoryContestant(one, path)
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".parquet":
		one.images = path
		return one, false, nil
	case ".safetensors":
	case ".ckpt", ".pt", ".pth", ".bin":
		return one, false, fmt.Errorf("%s is a pickle, which runs what it likes when it is read; Plumb reads safetensors. With Python's safetensors installed: python3 -c \"import torch, safetensors.torch as s; w = torch.load('%s', map_location='cpu', weights_only=True); s.save_file(w.get('state_dict', w), 'model.safetensors')\"", path, path)
	default:
		return one, false, fmt.Errorf("%s is none of what can be judged: a directory of diffusers, a .safetensors file, LoRA, a folder or .parquet table of captioned images", path)
	}
	kind, err := latentdiffusion.KindOfFile(path)
	if err != nil {
		return one, false, err
	}
	one.component = stableDiffusion
	switch kind {
	case latentdiffusion.AdaptersFile:
		one.lora = path
		return one, false, nil
	case latentdiffusion.WholeFile, latentdiffusion.DenoiserFile:
		one.weights = path
		return one, true, nil
	}
	return one, false, fmt.Errorf("%s is neither a whole model of Stable Diffusion, nor a unet, nor LoRA: its tensors have other names", path)
}

func (p *program) directoryContestant(one contestant, path string) (contestant, bool, error) {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			found, err := filepath.Glob(filepath.Join(path, name))
			return err == nil && len(found) > 0
		})
	}
	switch {
	case latentdiffusion.IsModel(path):
		one.component, one.weights = stableDiffusion, path
	case has("pytorch_lora_weights.safetensors", "adapter_config.json"):
		one.component, one.lora = stableDiffusion, path
	case has("metadata.jsonl", "metadata.csv", "metadata.parquet", "*.parquet", "*/metadata.jsonl", "*/metadata.csv", "*/metadata.parquet", "*/*.parquet"):
		one.images = path
	case has("*.png", "*.jpg", "*.jpeg", "*.webp", "*/*.png", "*/*.jpg", "*/*.jpeg", "*/*.webp"):
		return one, false, fmt.Errorf("%s has images and does not say which prompt each was drawn for: write a metadata.jsonl there, with a line for each such as {\"file_name\": \"0001.png\", \"text\": \"a red circle\"}", path)
	case has("unet"):
		return one, false, fmt.Errorf("%s has no model_index.json: a directory of diffusers has one beside unet, vae, text_encoder, tokenizer and scheduler", path)
	default:
		return one, false, fmt.Errorf("%s is none of what can be judged: it has neither the model_index.json of diffusers, nor LoRA, nor images with a metadata.jsonl", path)
	}
	return one, false, nil
}

// namedSampler takes a word for a sampler that comes with its own weights.
func (p *program) namedSampler(one contestant, word string) (contestant, bool, error) {
	var known []string
	for _, c := range p.plugin.Components {
		if c.Kind != sdk.KindSampler || slices.ContainsFunc(c.Schema.Attributes, func(a sdk.Attribute) bool { return a.Required }) {
			continue
		}
		known = append(known, c.Name)
		if c.Name == word {
			one.component = word
			return one, false, nil
		}
	}
	return one, false, fmt.Errorf("there is no %s, neither a file nor a sampler with weights of its own.%s Such samplers are %s", word, diag.DidYouMean(word, known), strings.Join(known, ", "))
}

// unpacked is the directory of a single file's model. It is made once, under the digests
// of what it is made of.
func (p *program) unpacked(ctx context.Context, file, like string) (string, error) {
	digest, err := p.digests().Path(ctx, file)
	if err != nil {
		return "", err
	}
	other, err := p.digests().Path(ctx, like)
	if err != nil {
		return "", err
	}
	target := filepath.Join(p.runsDir, "judge", "models", digest[:12]+"-"+other[:12])
	if latentdiffusion.IsModel(target) {
		return target, nil
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return "", exit{exitFailed, err}
	}
	fresh, err := os.MkdirTemp(filepath.Dir(target), ".unpacking-")
	if err != nil {
		return "", exit{exitFailed, err}
	}
	defer os.RemoveAll(fresh)
	fmt.Fprintf(p.err, "Unpacking %s into %s.\n", file, target)
	if err := latentdiffusion.Unpack(file, like, fresh); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, target); err != nil {
		return "", exit{exitFailed, err}
	}
	return target, nil
}
