// Package stablediffusion is the sampler "stable_diffusion": Stable Diffusion v1
// and its kin, from a directory in the layout of diffusers.
//
// It samples, precomputes latents and embeddings for fine-tuning, and fine-tunes
// the denoising network. It refuses to run a safety checker, to train from scratch,
// and models of other families.
package stablediffusion

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/lora"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block.
type config struct {
	Weights           string  `json:"weights"`
	LoRA              string  `json:"lora"` // "": none
	GuidanceScale     float64 `json:"guidance_scale"`
	NumInferenceSteps int     `json:"num_inference_steps"`
	Solver            string  `json:"solver"` // "": the model's own
	Eta               float64 `json:"eta"`    // of ddim
	Height            int     `json:"height"` // in pixels; 0: the model's own
	Width             int     `json:"width"`  // in pixels; 0: the model's own
	NegativePrompt    string  `json:"negative_prompt"`
	Precision         string  `json:"precision"`  // "": float32
	BatchSize         int     `json:"batch_size"` // images; 0: what suits the backend
	PrecomputedDType  string  `json:"precomputed_dtype"`
}

// largestSide of an image, in pixels.
const largestSide = 4096

// Component describes the sampler.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:    sdk.KindSampler,
			Name:    "stable_diffusion",
			Summary: "Stable Diffusion v1 and its kin, from published weights on the disk.",
			Schema: sdk.Schema{Attributes: []sdk.Attribute{
				{Name: "weights", Type: sdk.TypeString, Required: true, Path: true, Summary: "Directory, or hf://OWNER/NAME on Hugging Face's hub, of a StableDiffusionPipeline of diffusers: model_index.json, scheduler, text_encoder, tokenizer, unet, vae; weights as safetensors.",
					Obtain: "Stable Diffusion v1.5 is stable-diffusion-v1-5/stable-diffusion-v1-5 on Hugging Face: write \"hf://stable-diffusion-v1-5/stable-diffusion-v1-5\" in place of the path, and plumb download fetches it; or with the hub's command line tool: hf download stable-diffusion-v1-5/stable-diffusion-v1-5 --include 'model_index.json' '*/*.json' '*/*.txt' '*/*.safetensors' --exclude '*.fp16.*' '*.non_ema.*' 'safety_checker/*' --local-dir DIRECTORY.",
					Hub: []string{
						"model_index.json", "scheduler/scheduler_config.json",
						"text_encoder/config.json", "text_encoder/model.safetensors",
						"?tokenizer/added_tokens.json", "?tokenizer/vocab.json", "?tokenizer/merges.txt", "?tokenizer/tokenizer.json", "?tokenizer/tokenizer_config.json", "?tokenizer/special_tokens_map.json",
						"unet/config.json", "unet/diffusion_pytorch_model.safetensors",
						"vae/config.json", "vae/diffusion_pytorch_model.safetensors",
					}},
				{Name: "lora", Type: sdk.TypeString, Path: true, Summary: "LoRA of the unet that images are drawn with: a safetensors file, or a directory with pytorch_lora_weights.safetensors. It is merged into the weights; what is tuned has none."},
				{Name: "guidance_scale", Type: sdk.TypeNumber, Default: json.RawMessage(`7.5`), Minimum: sdk.Bound(0), Maximum: sdk.Bound(100), Summary: "Classifier-free guidance: u + scale (c - u); 1 means none, 0 the negative prompt alone."},
				{Name: "num_inference_steps", Type: sdk.TypeInteger, Default: json.RawMessage(`50`), Minimum: sdk.Bound(1), Maximum: sdk.Bound(1000), Summary: "Steps of the solver."},
				{Name: "solver", Type: sdk.TypeString, OneOf: diffusion.SolverNames(), Summary: "How the noise schedule is integrated; that of the model's scheduler_config.json if absent."},
				{Name: "eta", Type: sdk.TypeNumber, Default: json.RawMessage(`0`), Minimum: sdk.Bound(0), Maximum: sdk.Bound(1), Summary: "Of ddim: the share of noise that is drawn anew in every step; 0 is none, 1 as much as in ancestral sampling."},
				{Name: "height", Type: sdk.TypeInteger, Minimum: sdk.Bound(8), Maximum: sdk.Bound(largestSide), Summary: "Height of images in pixels, divisible by 8; what the model was trained on if absent."},
				{Name: "width", Type: sdk.TypeInteger, Minimum: sdk.Bound(8), Maximum: sdk.Bound(largestSide), Summary: "Width of images in pixels, divisible by 8; what the model was trained on if absent."},
				{Name: "negative_prompt", Type: sdk.TypeString, Default: json.RawMessage(`""`), Summary: "What guidance leads away from."},
				{Name: "precision", Type: sdk.TypeString, Default: json.RawMessage(`"float32"`), OneOf: []string{latentdiffusion.Float32, latentdiffusion.BFloat16}, Summary: "What the unet is computed in when images are drawn, and its matrices are held in; noise schedule, solver and decoder stay float32. How it is tuned, its finetune block says."},
				{Name: "batch_size", Type: sdk.TypeInteger, Minimum: sdk.Bound(1), Maximum: sdk.Bound(largestBatch), Summary: "Images that are drawn together; 4 if absent, or 1 on the pure-Go backend."},
				{Name: "precomputed_dtype", Type: sdk.TypeString, Default: json.RawMessage(`"float32"`), OneOf: precomputedDTypes(), Summary: "How latents and embeddings are kept for fine-tuning. An image of 512 x 512 pixels takes 128 KiB in float32 and each distinct caption 231 KiB; float16 halves that, and rounds to 11 bits."},
			}},
			PreferredBatch: handed,
			NeedsDevice:    true,
			CodeVersion:    "6", // added tokens, final_sigmas_type of euler, lambda_min_clipped
			Capabilities:   []sdk.Capability{sdk.CapabilityPrecompute, sdk.CapabilityTune, sdk.CapabilityTuneInParts},
			Losses:         objective.Losses(),
			Tuning:         latentdiffusion.SettingsSchema(),
		},
		Estimate: estimate,
		Check:    check,
		Open:     open,
	}
}

type sampler struct {
	config     config
	directory  string // of the model: a checkpoint, or what config says
	checkpoint bool   // whether it is a checkpoint
	backend    compute.Backend
	model      *latentdiffusion.Model
	adapters   *lora.Adapters // of a checkpoint; merged into the model's weights
	pipeline   *latentdiffusion.Pipeline
	texts      *texts
	batch      int // images that are drawn together
}

var (
	_ sdk.Sampler     = (*sampler)(nil)
	_ sdk.Precomputer = (*sampler)(nil)
	_ sdk.Tuner       = (*sampler)(nil)
	_ io.Closer       = (*sampler)(nil)
)

// check compares the files of a model with each other, the weights by their headers.
func check(config json.RawMessage) error {
	s, err := read(config, "")
	if err != nil {
		return err
	}
	defer s.Close()
	backend, err := backends.Open(backends.Go)
	if err != nil {
		return err
	}
	wrong := errors.Join(s.texts.tower.Weights(backend).Check(filepath.Join(s.directory, textEncoder)), s.model.Check(backend, s.directory))
	if s.config.LoRA != "" {
		_, err := s.model.ReadLoRA(backend, s.config.LoRA)
		wrong = errors.Join(wrong, err)
	}
	return wrong
}

// open reads everything but the weights first: those are gigabytes, and what is
// wrong with the small files shows at once.
func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	s, err := read(request.Config, request.Checkpoint)
	if err != nil {
		return nil, err
	}
	if s.backend, err = backends.Open(request.Backend); err != nil {
		return nil, err
	}
	if s.batch = s.config.BatchSize; s.batch == 0 {
		s.batch = batchFor(s.backend)
	}
	if err := s.load(request.Checkpoint); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// read reads all but the weights, of a checkpoint if that is a whole model.
func read(text json.RawMessage, checkpoint string) (*sampler, error) {
	c, err := sdk.Decode[config](text)
	if err != nil {
		return nil, err
	}
	s := &sampler{config: c}
	if s.config.Weights == "" {
		return nil, sdk.Diagnostic{
			Summary: "The sampler stable_diffusion needs weights",
			Detail:  "None come with this program: write weights = \"path\" of a directory with a StableDiffusionPipeline.",
		}
	}
	s.directory = s.config.Weights
	if checkpoint != "" && latentdiffusion.IsModel(checkpoint) {
		s.directory, s.checkpoint = checkpoint, true
	}
	if s.model, err = latentdiffusion.ReadConfig(s.directory); err != nil {
		return nil, err
	}
	var other error
	s.texts, other = readTexts(s.directory)
	if err := errors.Join(s.complete(), other); err != nil {
		return nil, err
	}
	if err := s.fits(); err != nil {
		return nil, err
	}
	return s, nil
}

// complete fills in what the block leaves to the model, and refuses what the
// model cannot do.
func (s *sampler) complete() error {
	c, factor := &s.config, s.model.VAE.Factor()
	height, width := s.model.Denoiser.TrainedSize()
	var all sdk.Diagnostics
	side := func(name string, value *int, own int) {
		if *value == 0 {
			*value = own * factor
		}
		switch {
		case *value == 0:
			all.Addf("The model does not say the "+name+" of its images", "There is no sample_size in unet/config.json: write %s = 512, or what else it was trained on.", name)
		case *value < 0 || *value > largestSide:
			all.Addf("Impossible "+name+" of images", "%s is %d; it must be %d to %d pixels.", name, *value, factor, largestSide)
		case *value%factor != 0:
			below := max(factor, *value/factor*factor)
			all.Addf("Impossible "+name+" of images", "%s is %d, and the model makes images in squares of %d x %d pixels. Write %d or %d.", name, *value, factor, factor, below, below+factor)
		}
	}
	side("height", &c.Height, height)
	side("width", &c.Width, width)
	switch c.Precision {
	case "", latentdiffusion.Float32, latentdiffusion.BFloat16:
	default:
		all.Addf("Unknown precision", "It is %q; it must be %q or %q.", c.Precision, latentdiffusion.Float32, latentdiffusion.BFloat16)
	}
	if c.BatchSize < 0 || c.BatchSize > largestBatch {
		all.Addf("Impossible batch_size", "It is %d; it must be 1 to %d images.", c.BatchSize, largestBatch)
	}
	if c.PrecomputedDType == "" {
		c.PrecomputedDType = "float32"
	}
	if _, ok := precomputedAs[c.PrecomputedDType]; !ok {
		all.Addf("Unknown precomputed_dtype", "It is %q; it must be one of %q.", c.PrecomputedDType, precomputedDTypes())
	}
	if c.Solver == "" {
		c.Solver = s.model.Scheduler.Solver()
	}
	if _, err := evaluations(s.model.Scheduler, *c); err != nil {
		all.Addf("The model cannot be sampled so", "With solver %q and num_inference_steps %d: %v. The model's scheduler/scheduler_config.json and the block must fit together.", c.Solver, c.NumInferenceSteps, err)
	}
	if takes := diffusion.EtaSolvers(); c.Eta != 0 && !slices.Contains(takes, c.Solver) {
		all.Addf("eta is for "+strings.Join(takes, ", ")+" alone", "The solver is %q and eta is %v. Write solver = %q, or take eta away.", c.Solver, c.Eta, takes[0])
	}
	return all.Err()
}

// colors of an image.
const colors = 3

// fits compares the parts of the model with each other. Where they disagree,
// pictures would come out that mean nothing.
func (s *sampler) fits() error {
	var all sdk.Diagnostics
	different := "The files in " + s.directory + " are of different models"
	tower := s.texts.tower
	if want := s.model.Denoiser.Conditions(); !conditioning.Takes(want, s.texts.conditions()) {
		all.Addf(different, "The text encoder's hidden_size is %d, so it gives %v; by its cross_attention_dim, the unet takes %v.", tower.Width, s.texts.conditions(), want)
	}
	if have := s.texts.tokens.Size(); have > tower.Vocabulary {
		all.Addf(different, "The tokenizer has %d tokens, the text encoder's vocab_size is %d.", have, tower.Vocabulary)
	}
	if s.model.VAE.OutChannels != colors {
		all.Addf(different, "The vae's out_channels is %d; images have %d.", s.model.VAE.OutChannels, colors)
	}
	return all.Err()
}

// load reads the weights, those of a checkpoint's adapters included, and
// compiles the networks.
func (s *sampler) load(checkpoint string) error {
	if err := errors.Join(s.texts.load(s.backend, filepath.Join(s.directory, textEncoder)), s.model.Load(s.backend, s.directory)); err != nil {
		return err
	}
	if s.config.LoRA != "" && !s.checkpoint {
		given, err := s.model.ReadLoRA(s.backend, s.config.LoRA)
		if err != nil {
			return err
		}
		if err := given.Merge(s.model.DenoiserStore); err != nil {
			return err
		}
	}
	var err error
	if checkpoint != "" {
		if s.adapters, err = s.model.ReadAdapters(s.backend, checkpoint); err != nil {
			return err
		}
		if s.adapters == nil && !s.checkpoint {
			return sdk.Diagnostic{
				Summary: "The checkpoint is not one of the sampler stable_diffusion",
				Detail:  checkpoint + " holds neither a whole model (model_index.json) nor adapters (pytorch_lora_weights.safetensors).",
			}
		}
	}
	if s.adapters != nil {
		if err := s.adapters.Merge(s.model.DenoiserStore); err != nil {
			return err
		}
	}
	if s.config.Precision == latentdiffusion.BFloat16 {
		if err := s.model.In16(); err != nil {
			return err
		}
	}
	s.pipeline, err = s.model.NewPipeline(s.backend)
	return err
}

// handed are the draws that the sampler gets at once: so many that few places of
// a batch stay empty, whatever batch_size is.
const handed = 64

// largestBatch of images that are drawn together.
const largestBatch = 1024

// acceleratorBatch is the number of images that are drawn together on an
// accelerator. With guidance the network sees twice as many; at 512 x 512 pixels
// its largest attention then holds 4 GB.
const acceleratorBatch = 4

// batchFor is one image on the pure-Go backend: a larger batch is no faster, and
// the sums of a matrix product's last rows depend on how many there are.
func batchFor(backend compute.Backend) int {
	if backend.String() == backends.Go {
		return 1
	}
	return acceleratorBatch
}

// Sample draws images. An image depends on its draw alone: all its noise comes
// from its seed, and a batch is filled up to a fixed size.
func (s *sampler) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	latents := latentdiffusion.Tensor{Dims: s.latentDims()}
	each := latents.Dims[1] * latents.Dims[2] * latents.Dims[3]
	for start := 0; start < len(draws); start += s.batch {
		part := draws[start:min(start+s.batch, len(draws))]
		prompts := make([]string, s.batch)
		randoms := make([]*rand.Rand, s.batch)
		for i := range randoms {
			seed := uint64(0)
			if i < len(part) {
				prompts[i], seed = part[i].Prompt.Text, part[i].Seed
			}
			randoms[i] = rand.New(rand.NewPCG(seed, 0))
		}
		normal := func(out []float32) { // the noise of each image from its own seed
			for i := range out {
				out[i] = float32(randoms[i/each].NormFloat64())
			}
		}
		latents.Data = make([]float32, s.batch*each)
		normal(latents.Data)
		images, err := s.draw(ctx, prompts, latents, normal, len(part))
		if err != nil {
			return err
		}
		for i, image := range images {
			if err := emit(start+i, image); err != nil {
				return err
			}
		}
	}
	return nil
}

// latentDims are those of a batch: [batch, height, width, channels].
func (s *sampler) latentDims() []int {
	factor := s.model.VAE.Factor()
	return []int{s.batch, s.config.Height / factor, s.config.Width / factor, s.model.VAE.LatentChannels}
}

// draw draws a batch from given noise, and makes images of the first count.
func (s *sampler) draw(ctx context.Context, prompts []string, latents latentdiffusion.Tensor, normal func([]float32), count int) ([]sdk.Image, error) {
	request := latentdiffusion.Request{Guidance: s.config.GuidanceScale, Solver: s.config.Solver, Steps: s.config.NumInferenceSteps, Eta: s.config.Eta, Normal: normal}
	var err error
	if request.Conditions, err = s.texts.encode(ctx, prompts); err != nil {
		return nil, err
	}
	if request.Guidance != 1 {
		negative := make([]string, len(prompts))
		for i := range negative {
			negative[i] = s.config.NegativePrompt
		}
		if request.Negative, err = s.texts.encode(ctx, negative); err != nil {
			return nil, err
		}
	}
	if err := s.pipeline.Sample(ctx, latents, request); err != nil {
		return nil, err
	}
	dims := append([]int{count}, latents.Dims[1:]...)
	pixels, err := s.pipeline.Decode(latentdiffusion.Tensor{Dims: dims, Data: latents.Data[:len(latents.Data)/latents.Dims[0]*count]})
	if err != nil {
		return nil, err
	}
	images := make([]sdk.Image, count)
	size := s.config.Height * s.config.Width * colors
	for i := range images {
		images[i] = sdk.Image{Width: s.config.Width, Height: s.config.Height, RGB: latentdiffusion.Bytes(pixels.Data[i*size : (i+1)*size])}
	}
	return images, nil
}

// Close frees the compiled networks and the weights.
func (s *sampler) Close() error {
	if s.pipeline != nil {
		s.pipeline.Close()
	}
	s.model.Finalize()
	s.texts.close()
	return nil
}
