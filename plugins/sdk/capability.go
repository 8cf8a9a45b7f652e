package sdk

import (
	"context"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// What components and their instances can do beyond their kind's minimum: a
// component declares it, and its instances implement the interface, or it has the
// function itself.
const (
	CapabilityTune       = schema.Tune       // samplers: Tuner
	CapabilityPrecompute = schema.Precompute // samplers: Precomputer
	CapabilityFit        = schema.Fit        // rewards, raters and encoders: Fitter
	CapabilityCompare    = schema.Compare    // raters: Comparer

	CapabilityTuneInParts = schema.TuneInParts // samplers: a Tuner that heeds Until, State and Resume

	CapabilityTexts    = schema.Texts    // encoders: TextEncoder
	CapabilityFitTexts = schema.FitTexts // rewards: TextLister

	CapabilityCheckPrompts = schema.CheckPrompts // all kinds: Component.CheckPrompts
)

// Tuner is a Sampler that can be fine-tuned, or trained from scratch.
type Tuner interface {
	// Tune writes a checkpoint into request.Output. It stops soon after ctx ends.
	Tune(ctx context.Context, request TuneRequest, report func(Progress) error) error
}

// Precomputer is a Sampler whose Tune reads images in another form than that of
// pixels, such as the latents of an autoencoder. That form is made once for a
// table of images and shared by all fine-tunings on it.
//
// What Precompute makes depends on the component's configuration, its own weights
// and the images alone. It is opened without a checkpoint: what Tune changes
// must not matter to it.
type Precomputer interface {
	// Precompute fills request.Output, in such a way that Tune reads images from it
	// at random without holding all of them. The same images give the same bytes,
	// also if the call was killed and asked again. It reports after every image
	// or few: a Progress.Step is an image, Steps are all in the table. It stops
	// soon after ctx ends.
	Precompute(ctx context.Context, request PrecomputeRequest, report func(Progress) error) error
}

// Fitter is a reward, rater or encoder that learns from labels or images.
type Fitter interface {
	// Fit writes a checkpoint into request.Output. It stops soon after ctx ends.
	Fit(ctx context.Context, request FitRequest, report func(Progress) error) error
}

// TextLister is a Fitter of a reward whose Fit reads features of other texts than
// the images' prompts, such as prompts that an image was not made for.
type TextLister interface {
	Fitter
	// FitTexts lists those texts for a request that has no features yet and no
	// Output, each once; none if the configuration asks for none. The host encodes
	// them, and Fit finds them among TextFeatures.
	FitTexts(ctx context.Context, request FitRequest) ([]string, error)
}

// Comparer is a Rater that compares two images.
type Comparer interface {
	Rater
	// Compare returns for each pair one choice per rater, always in the same
	// order of raters, which is that of Rate. The choices of a pair depend on the
	// pair, its ID and the instance's seed, not on its neighbours.
	Compare(ctx context.Context, pairs []Pair) ([][]Choice, error)
}

// TextEncoder is an Encoder whose vectors of texts can be compared with its
// vectors of images.
type TextEncoder interface {
	Encoder
	EncodeTexts(ctx context.Context, texts []string) ([][]float32, error)
}

// What an instance must implement, by its component's kind and capabilities.
var (
	implementsKind = map[Kind]func(any) bool{
		KindSampler: is[Sampler],
		KindReward:  is[Reward],
		KindRater:   is[Rater],
		KindEncoder: is[Encoder],
	}
	implements = map[Capability]func(any) bool{
		CapabilityTune:       is[Tuner],
		CapabilityPrecompute: is[Precomputer],
		CapabilityFit:        is[Fitter],
		CapabilityCompare:    is[Comparer],

		CapabilityTuneInParts: is[Tuner],

		CapabilityTexts:    is[TextEncoder],
		CapabilityFitTexts: is[TextLister],
	}
)

func is[T any](value any) bool {
	_, ok := value.(T)
	return ok
}

// checkCapabilities holds what a component opened against what it declares.
func (in *instance) checkCapabilities() error {
	if of := implementsKind[in.component.Kind]; of == nil || !of(in.value) {
		return Errorf("%s opened a %T, which is no %s", in, in.value, in.component.Kind)
	}
	if _, can := in.value.(PartsReward); len(in.component.Parts) > 0 && !can {
		return Errorf("%s lists parts of its scores, but %T has no method ScoreParts", in, in.value)
	}
	for _, capability := range in.component.Capabilities {
		if capability == CapabilityCheckPrompts {
			continue // of the component: see Plugin.Validate
		}
		if has := implements[capability]; has == nil || !has(in.value) {
			return Errorf("%s declares the capability %q, but %T has no method for it", in, capability, in.value)
		}
	}
	return nil
}
