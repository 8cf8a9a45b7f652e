package latentdiffusion

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// SingleFile says what a safetensors file by itself is.
type SingleFile string

// What single files are.
const (
	// WholeFile is a model as the first Stable Diffusion was published and as people
	// exchange them: network, decoder and text encoder in one file, under the names of
	// CompVis.
	WholeFile SingleFile = "a whole model"
	// DenoiserFile is the denoising network alone, under the names of diffusers.
	DenoiserFile SingleFile = "a unet"
	// AdaptersFile is LoRA.
	AdaptersFile SingleFile = "LoRA"
	OtherFile    SingleFile = "something else"
)

// The prefixes of the parts in a whole file.
const (
	wholeDenoiser = "model.diffusion_model."
	wholeVAE      = "first_stage_model."
	wholeText     = "cond_stage_model.transformer."
)

// KindOfFile looks at the names of a safetensors file.
func KindOfFile(path string) (SingleFile, error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return OtherFile, err
	}
	defer r.Close()
	names := r.Names()
	has := func(is func(string) bool) bool { return slices.ContainsFunc(names, is) }
	switch {
	case has(func(name string) bool { return strings.Contains(name, "lora") }):
		return AdaptersFile, nil
	case has(func(name string) bool { return strings.HasPrefix(name, wholeDenoiser) }):
		return WholeFile, nil
	case slices.Contains(names, "conv_in.weight") && has(func(name string) bool { return strings.HasPrefix(name, "down_blocks.") }):
		return DenoiserFile, nil
	}
	return OtherFile, nil
}

// Unpack writes the model in a single file as a directory in the layout of diffusers.
// What such a file does not say, configurations, tokenizer and scheduler, is that of a
// directory of a model of the same architecture, and so are the other parts beside a
// denoising network alone. A tensor that the architecture needs and the file lacks, and
// one of another shape, is an error that names it.
func Unpack(file, like, output string) error {
	kind, err := KindOfFile(file)
	if err != nil {
		return err
	}
	if kind != WholeFile && kind != DenoiserFile {
		return fmt.Errorf("%s is %s, not the weights of a model", file, kind)
	}
	r, err := safetensors.Open(file)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := copySmall(output, like); err != nil {
		return err
	}
	for _, part := range []struct {
		name, prefix string
		called       func(name string, levels, layers int) string
	}{
		{denoiserPart, wholeDenoiser, wholeDenoiserName}, {"vae", wholeVAE, wholeVAEName}, {"text_encoder", wholeText, func(name string, _, _ int) string { return name }},
	} {
		from := filepath.Join(like, part.name, weightsOf[part.name]+".safetensors")
		to := filepath.Join(output, part.name, weightsOf[part.name]+".safetensors")
		if kind == DenoiserFile && part.name != denoiserPart {
			if err := linkOrCopy(to, from); err != nil {
				return err
			}
			continue
		}
		prefix, called := part.prefix, part.called
		if kind == DenoiserFile {
			prefix, called = "", func(name string, _, _ int) string { return name }
		}
		if err := unpackPart(to, from, r, prefix, called); err != nil {
			return err
		}
	}
	return nil
}

// unpackPart writes the weights of a part, by the names and shapes of the same part of
// another model.
func unpackPart(to, like string, r *safetensors.Reader, prefix string, called func(name string, levels, layers int) string) error {
	known, err := safetensors.Open(like)
	if err != nil {
		return fmt.Errorf("a single file needs a directory of diffusers of the same architecture beside it: %w", err)
	}
	defer known.Close()
	names := known.Names()
	levels, layers := sizesOf(names)
	out := safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	taken := map[string]bool{}
	for _, name := range names {
		info, _ := known.Info(name)
		if !info.Floating() {
			continue // positions, which are counted
		}
		from := prefix + called(name, levels, layers)
		theirs, ok := r.Info(from)
		if !ok {
			return fmt.Errorf("%s has no tensor %s, which %s of the model in %s has: it is of another architecture", r.Path(), from, name, filepath.Dir(filepath.Dir(like)))
		}
		if !sameShape(theirs.Dims, info.Dims) {
			return fmt.Errorf("%s: the tensor %s is %v, and %s of the model in %s is %v: it is of another architecture", r.Path(), from, theirs.Dims, name, filepath.Dir(filepath.Dir(like)), info.Dims)
		}
		tensor, err := r.Floats(from)
		if err != nil {
			return err
		}
		tensor.Dims = slices.Clone(info.Dims)
		out.Tensors[name], taken[from] = tensor, true
	}
	for _, name := range r.Names() {
		if info, _ := r.Info(name); info.Floating() && strings.HasPrefix(name, prefix) && !taken[name] && prefix != wholeVAE {
			return fmt.Errorf("%s has a tensor %s, for which the model in %s has no place: it is of another architecture", r.Path(), name, filepath.Dir(filepath.Dir(like)))
		}
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	return out.Write(to)
}

// sameShape compares shapes but for trailing ones: a convolution of one pixel is a matrix.
func sameShape(a, b []int) bool {
	trim := func(dims []int) []int {
		for len(dims) > 0 && dims[len(dims)-1] == 1 {
			dims = dims[:len(dims)-1]
		}
		return dims
	}
	return slices.Equal(trim(a), trim(b))
}

// sizesOf counts levels of a network, by its up_blocks, and the layers of its first
// down_block.
func sizesOf(names []string) (levels, layers int) {
	for _, name := range names {
		parts := strings.Split(name, ".")
		for i, part := range parts {
			if i+1 == len(parts) {
				break
			}
			n, err := strconv.Atoi(parts[i+1])
			switch {
			case err != nil:
			case part == "up_blocks":
				levels = max(levels, n+1)
			case part == "resnets" && slices.Contains(parts, "down_blocks"):
				layers = max(layers, n+1)
			}
		}
	}
	return levels, layers
}

// residual is what the parts of a residual block of the denoising network are called.
var residual = map[string]string{
	"norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}

// wholeDenoiserName is what CompVis calls a tensor of the denoising network. Its blocks
// are numbered through all levels: layers and one downsampler of each on the way down,
// one layer more of each on the way up.
func wholeDenoiserName(name string, _, layers int) string {
	for from, to := range map[string]string{"conv_in.": "input_blocks.0.0.", "conv_norm_out.": "out.0.", "conv_out.": "out.2.", "time_embedding.linear_1.": "time_embed.0.", "time_embedding.linear_2.": "time_embed.2."} {
		if rest, ok := strings.CutPrefix(name, from); ok {
			return to + rest
		}
	}
	p := strings.SplitN(name, ".", 5)
	if p[0] == "mid_block" { // mid_block.resnets.1.conv1.weight
		p = strings.SplitN(name, ".", 4)
		n, _ := strconv.Atoi(p[2])
		if p[1] == "attentions" {
			return "middle_block.1." + p[3]
		}
		return fmt.Sprintf("middle_block.%d.%s", 2*n, residualName(p[3]))
	}
	if len(p) < 5 {
		return name
	}
	level, _ := strconv.Atoi(p[1])
	layer, _ := strconv.Atoi(p[3])
	switch p[0] + " " + p[2] {
	case "down_blocks resnets":
		return fmt.Sprintf("input_blocks.%d.0.%s", (layers+1)*level+layer+1, residualName(p[4]))
	case "down_blocks attentions":
		return fmt.Sprintf("input_blocks.%d.1.%s", (layers+1)*level+layer+1, p[4])
	case "down_blocks downsamplers":
		return fmt.Sprintf("input_blocks.%d.0.op.%s", (layers+1)*(level+1), strings.TrimPrefix(p[4], "conv."))
	case "up_blocks resnets":
		return fmt.Sprintf("output_blocks.%d.0.%s", (layers+1)*level+layer, residualName(p[4]))
	case "up_blocks attentions":
		return fmt.Sprintf("output_blocks.%d.1.%s", (layers+1)*level+layer, p[4])
	case "up_blocks upsamplers":
		at := 2
		if level == 0 { // without attention
			at = 1
		}
		return fmt.Sprintf("output_blocks.%d.%d.%s", (layers+1)*level+layers, at, p[4])
	}
	return name
}

func residualName(name string) string {
	part, rest, _ := strings.Cut(name, ".")
	if to, ok := residual[part]; ok {
		return to + "." + rest
	}
	return name
}

// attention is what the parts of the decoder's attention are called, by the names that
// diffusers has had for them.
var attention = map[string]string{
	"group_norm": "norm", "query": "q", "key": "k", "value": "v", "proj_attn": "proj_out",
	"to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out",
}

// wholeVAEName is what CompVis calls a tensor of encoder and decoder. The decoder's
// levels are counted from below there.
func wholeVAEName(name string, levels, _ int) string {
	side, rest, _ := strings.Cut(name, ".")
	if side != "encoder" && side != "decoder" {
		return name
	}
	p := strings.Split(rest, ".")
	switch p[0] {
	case "conv_norm_out":
		p[0] = "norm_out"
	case "mid_block": // mid_block.resnets.1.conv1.weight
		n, _ := strconv.Atoi(p[2])
		if p[1] == "attentions" {
			end := p[3:]
			if to, ok := attention[end[0]]; ok {
				end = append([]string{to}, slices.DeleteFunc(slices.Clone(end[1:]), func(s string) bool { return s == "0" })...)
			}
			p = append([]string{"mid", "attn_1"}, end...)
			break
		}
		p = append([]string{"mid", fmt.Sprintf("block_%d", n+1)}, p[3:]...)
	case "down_blocks", "up_blocks":
		level, _ := strconv.Atoi(p[1])
		way := "down"
		if p[0] == "up_blocks" {
			way, level = "up", levels-1-level
		}
		switch p[2] {
		case "resnets":
			p = append([]string{way, fmt.Sprint(level), "block"}, p[3:]...)
		case "downsamplers", "upsamplers":
			p = append([]string{way, fmt.Sprint(level), map[string]string{"down": "downsample", "up": "upsample"}[way]}, p[4:]...)
		}
	}
	for i := range p {
		if p[i] == "conv_shortcut" {
			p[i] = "nin_shortcut"
		}
	}
	return side + "." + strings.Join(p, ".")
}

// copySmall copies all small files of a model: what is no weights.
func copySmall(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if info, err := os.Stat(path); err != nil || info.IsDir() || !slices.Contains(small, filepath.Ext(path)) {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o666)
	})
}

// linkOrCopy puts a file at another place, without its content twice where that can be.
func linkOrCopy(to, from string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	whole, err := filepath.EvalSymlinks(from)
	if err != nil {
		return err
	}
	if os.Link(whole, to) == nil {
		return nil
	}
	content, err := os.ReadFile(whole)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o666)
}
