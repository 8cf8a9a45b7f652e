package sdk

import "github.com/plumb-ml/plumb/plugins/sdk/schema"

// What a component says of itself. The types are those of package schema, which
// the host's language shares.
type (
	Description = schema.Component
	Kind        = schema.Kind
	Capability  = schema.Capability
	Reading     = schema.Reading
	Input       = schema.Input
	Loss        = schema.Loss
	Need        = schema.Need
	When        = schema.When
	Schema      = schema.Schema
	Attribute   = schema.Attribute
	Block       = schema.Block
	Type        = schema.Type
)

// What a component says of prompts: see Component.CheckPrompts.
type (
	PromptFindings = schema.PromptFindings
	PromptFault    = schema.PromptFault
)

// The four kinds of component.
const (
	KindSampler = schema.Sampler
	KindReward  = schema.Reward
	KindRater   = schema.Rater
	KindEncoder = schema.Encoder
)

// What a reward may read.
const (
	ReadPixels        = schema.ReadPixels
	ReadImageFeatures = schema.ReadImageFeatures
	ReadTextFeatures  = schema.ReadTextFeatures
)

// How images are resized to a declared size.
const (
	FilterNearest  = schema.Nearest
	FilterBox      = schema.Box
	FilterBilinear = schema.Bilinear
	FilterBicubic  = schema.Bicubic

	AspectSquash = schema.Squash
	AspectCrop   = schema.Crop
)

// What a loss may need.
const (
	NeedImages         = schema.NeedImages
	NeedScores         = schema.NeedScores
	NeedLabels         = schema.NeedLabels
	NeedOwnImages      = schema.NeedOwnImages
	NeedPairs          = schema.NeedPairs
	NeedReference      = schema.NeedReference
	NeedRollouts       = schema.NeedRollouts
	NeedRewardGradient = schema.NeedRewardGradient
)

// The types of attributes.
const (
	TypeString      = schema.String
	TypeNumber      = schema.Number
	TypeInteger     = schema.Integer
	TypeBool        = schema.Bool
	TypeStringList  = schema.StringList
	TypeNumberList  = schema.NumberList
	TypeIntegerList = schema.IntegerList
)
