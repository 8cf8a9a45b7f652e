package sdk

import "github.com/plumb-ml/plumb/plugins/sdk/schema"

// What instances can do beyond their kind's minimum.
const (
	CapabilityTune    = schema.Tune       // samplers: Tuner
	CapabilityPrepare = schema.Prepare    // samplers: Preparer
	CapabilityFit     = schema.Fit        // rewards, raters and encoders: Fitter
	CapabilityCompare = schema.Compare    // raters: Comparer
	CapabilityGroup   = schema.ScoreGroup // rewards: GroupReward
)

// What an instance must implement, by its component's kind and capabilities.
var (
	implementsKind = map[Kind]func(any) bool{
		KindSampler: is[Sampler],
		KindReward:  is[Reward],
		KindRater:   is[Rater],
		KindEncoder: is[Encoder],
	}
	implements = map[Capability]func(any) bool{
		CapabilityTune:    is[Tuner],
		CapabilityPrepare: is[Preparer],
		CapabilityFit:     is[Fitter],
		CapabilityCompare: is[Comparer],
		CapabilityGroup:   is[GroupReward],
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
	for _, capability := range in.component.Capabilities {
		if has := implements[capability]; has == nil || !has(in.value) {
			return Errorf("%s declares the capability %q, but %T has no method for it", in, capability, in.value)
		}
	}
	return nil
}
