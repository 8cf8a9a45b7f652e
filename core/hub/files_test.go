package hub

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChoose(t *testing.T) {
	pipeline := []string{
		"README.md", "model_index.json", "v1-5-pruned.ckpt", "v1-5-pruned.safetensors",
		"unet/config.json", "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.safetensors",
		"unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.safetensors", "merges.txt",
	}
	sharded := []string{
		"config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
		"model.safetensors.index.fp16.json", "model.fp16-00001-of-00003.safetensors", "model.fp16-00002-of-00003.safetensors", "other-00001-of-00001.safetensors",
	}
	unet := []string{"model_index.json", "unet/diffusion_pytorch_model.safetensors", "?merges.txt", "?vocab.json"}
	for name, test := range map[string]struct {
		entries []string
		variant string
		names   []string
		want    string // name, or name>as
		wrong   string
	}{
		"whole":           {unet, "", pipeline, "merges.txt model_index.json unet/diffusion_pytorch_model.safetensors", ""},
		"variant":         {unet, "fp16", pipeline, "merges.txt model_index.json unet/diffusion_pytorch_model.fp16.safetensors>unet/diffusion_pytorch_model.safetensors", ""},
		"other variant":   {unet, "bf16", pipeline, "merges.txt model_index.json", "leave away ?variant=bf16"},
		"only a variant":  {[]string{"m.safetensors"}, "", []string{"m.fp16.safetensors"}, "", "write ?variant=fp16"},
		"missing":         {[]string{"config.json"}, "", pipeline, "", "there is no config.json"},
		"pickle":          {[]string{"model.safetensors"}, "", []string{"pytorch_model.bin"}, "", "pytorch_model.bin can run code"},
		"pickle below":    {[]string{"model.safetensors"}, "", []string{"unet/x.bin"}, "", "there is no model.safetensors"},
		"shards":          {[]string{"model.safetensors"}, "", sharded, "model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json", ""},
		"missing shard":   {[]string{"model.safetensors"}, "fp16", sharded, "model.fp16-00001-of-00003.safetensors model.fp16-00002-of-00003.safetensors model.safetensors.index.fp16.json>model.safetensors.index.json", "of the 3 parts of model.fp16.safetensors there are 2"},
		"optional weight": {[]string{"?none.safetensors"}, "", pipeline, "", ""},
	} {
		files, wrong := choose(test.entries, test.variant, test.names)
		var got []string
		for _, f := range files {
			text := f.name
			if f.as != f.name {
				text += ">" + f.as
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if (test.wrong == "") != (len(wrong) == 0) || !strings.Contains(strings.Join(wrong, "; "), test.wrong) {
			t.Errorf("%s: wrong is %q, want %q", name, wrong, test.wrong)
		}
	}
}
