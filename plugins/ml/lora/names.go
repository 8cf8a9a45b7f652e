package lora

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// found is a layer's adapter in a file: the names of its tensors, "" for one that is
// not there.
type found struct{ down, up, alpha string }

// endings are how the names of an adapter's tensors end in the files of PEFT and
// diffusers, of diffusers' older training scripts, and of kohya's.
var endings = []struct{ end, what string }{
	{".lora_A.weight", "down"}, {".lora_B.weight", "up"},
	{".lora_A.default.weight", "down"}, {".lora_B.default.weight", "up"},
	{".lora.down.weight", "down"}, {".lora.up.weight", "up"},
	{".lora_linear_layer.down.weight", "down"}, {".lora_linear_layer.up.weight", "up"},
	{".lora_down.weight", "down"}, {".lora_up.weight", "up"},
	{".alpha", "alpha"},
}

// processors are the ends of layers in files of the oldest scripts, whose adapters
// were those of an attention's processor, with what the layers are called now.
var processors = map[string]string{
	".processor.to_q_lora": ".to_q", ".processor.to_k_lora": ".to_k", ".processor.to_v_lora": ".to_v", ".processor.to_out_lora": ".to_out.0",
}

// others are parts of the names of tensors of other kinds of adapters.
var others = []struct{ part, kind string }{
	{"dora_scale", "DoRA"}, {"lora_magnitude_vector", "DoRA"},
	{"hada_w", "LoHa"}, {"lokr_w", "LoKr"}, {"lora_mid.", "LoCon with a core tensor (lora_mid)"}, {"oft_", "OFT"}, {"boft_", "BOFT"}, {"ia3_", "IA3"},
	{"lora_embedding_", "LoRA of embeddings"}, {"vera_lambda", "VeRA"}, {".diff", "differences of whole weights (.diff)"}, {"lora_B.bias", "LoRA with biases (lora_bias)"}, {"lora_up.bias", "LoRA with biases"},
	{"modules_to_save", "LoRA with whole layers beside it (modules_to_save)"},
}

// kohya are what the parts of a pipeline are called in kohya's files.
var kohya = map[string]string{"unet": "lora_unet_", "text_encoder": "lora_te_"}

// adaptersOf finds the adapters of a network's layers by the names of a file's
// tensors. network is the pipeline's part; layers are its by name. What is there and
// is no adapter of the network is refused by its kind.
func adaptersOf(names []string, network string, layers map[string][]int) (map[string]found, error) {
	flat := map[string]string{} // a layer in kohya's spelling
	for layer := range layers {
		flat[strings.ReplaceAll(layer, ".", "_")] = layer
	}
	all := map[string]found{}
	var strange, elsewhere, unknown []string
	kinds := map[string]bool{}
	for _, name := range names {
		kind := ""
		for _, other := range others {
			if strings.Contains(name, other.part) {
				kind = other.kind
				break
			}
		}
		if kind != "" {
			kinds[kind] = true
			continue
		}
		layer, what := "", ""
		for _, e := range endings {
			if stem, ok := strings.CutSuffix(name, e.end); ok {
				layer, what = stem, e.what
			}
		}
		// The oldest scripts end in ".processor.to_q_lora.down.weight".
		for _, direction := range []string{"down", "up"} {
			if stem, ok := strings.CutSuffix(name, "."+direction+".weight"); ok && what == "" {
				for end, now := range processors {
					if attention, ok := strings.CutSuffix(stem, end); ok {
						layer, what = attention+now, direction
					}
				}
			}
		}
		if what == "" {
			strange = append(strange, name)
			continue
		}
		for end, now := range processors {
			if attention, ok := strings.CutSuffix(layer, end); ok {
				layer = attention + now
			}
		}
		own, ours := layer, false
		for _, prefix := range []string{"base_model.model." + network + ".", "base_model.model.", network + "."} {
			if rest, ok := strings.CutPrefix(own, prefix); ok {
				own = rest
				break
			}
		}
		if rest, ok := strings.CutPrefix(own, kohya[network]); ok && kohya[network] != "" {
			own, ours = flat[rest], flat[rest] != ""
		} else {
			_, ours = layers[own]
		}
		switch {
		case !ours && ofAnother(layer, network):
			elsewhere = append(elsewhere, name)
			continue
		case !ours:
			unknown = append(unknown, name)
			continue
		}
		f := all[own]
		switch what {
		case "down":
			f.down = name
		case "up":
			f.up = name
		case "alpha":
			f.alpha = name
		}
		all[own] = f
	}
	var wrong sdk.Diagnostics
	if len(kinds) > 0 {
		wrong.Addf("Adapters of a kind that is not supported", "The file holds %s; only plain LoRA is read.", strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	list := func(summary, detail string, names []string) {
		if len(names) > 0 {
			shown := names[:min(len(names), mostNames):min(len(names), mostNames)]
			if len(names) > len(shown) {
				shown = append(shown, fmt.Sprintf("and %d more", len(names)-len(shown)))
			}
			wrong.Addf(summary, "%s: %s.", detail, strings.Join(shown, ", "))
		}
	}
	list("Tensors that are no adapters", "These names are none of PEFT's, of diffusers' or of kohya's scripts", strange)
	list("Adapters of another network", "These are not of the "+network+", and would have no effect", elsewhere)
	list("Adapters of layers that the "+network+" does not have", "They may be of another model, such as SDXL or FLUX", unknown)
	for _, layer := range slices.Sorted(maps.Keys(all)) {
		if f := all[layer]; len(wrong) == 0 && (f.down == "" || f.up == "") {
			wrong.Addf("Half an adapter", "Of the layer %s there is only %s; down (lora_A) and up (lora_B) belong together.", layer, f.down+f.up+f.alpha)
		}
	}
	if len(all) == 0 && len(wrong) == 0 {
		wrong.Addf("No adapters", "The file holds no tensors.")
	}
	return all, wrong.Err()
}

// mostNames are how many names a message lists.
const mostNames = 4

// ofAnother reports whether a layer is of another part of a pipeline.
func ofAnother(layer, network string) bool {
	for _, part := range []string{"unet", "text_encoder", "text_encoder_2", "transformer", "prior"} {
		if part != network && strings.HasPrefix(layer, part+".") {
			return true
		}
	}
	for part, prefix := range kohya {
		if part != network && strings.HasPrefix(layer, prefix) {
			return true
		}
	}
	return strings.HasPrefix(layer, "lora_te1_") || strings.HasPrefix(layer, "lora_te2_")
}
