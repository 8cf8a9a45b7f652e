package schema

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Component is what a component says of itself: all that a host knows of it
// before it opens one.
type Component struct {
	Kind    Kind   `json:"kind"`
	Name    string `json:"name"`              // as written in HCL: sampler "shapes" "base" has the name "shapes"
	Summary string `json:"summary,omitempty"` // one sentence, printed by `plumb plugins`

	// Schema is what the component's block may say.
	Schema Schema `json:"schema,omitzero"`

	// Reads lists what a reward reads of an image and its prompt, beside their
	// names; empty means the pixels. A reward that reads features stands on an
	// encoder, of whatever plugin: encoder = encoder.clip in HCL.
	Reads []Reading `json:"reads,omitempty"`

	// Parts names further numbers that a reward gives of every image beside its score,
	// such as the terms of it: a column each in the table of scores.
	Parts []string `json:"parts,omitempty"`

	// Input is the size that a reward, rater or encoder wants its images in; nil: as they
	// are.
	Input *Input `json:"input,omitempty"`

	// Resizing says in words how a component that brings images to its size by itself
	// does it, since numbers depend on it: "bicubic, shorter side to 224, middle cut out".
	// The protocol of every number that it has a part in repeats it. It is in no cache
	// key.
	Resizing string `json:"resizing,omitempty"`

	// PreferredBatch is the number of images that the component likes to get
	// at once; 0 means that it does not care.
	PreferredBatch int `json:"preferred_batch,omitempty"`

	// NeedsDevice says that the component's work should not run beside other
	// work on the same accelerator; the host then lends the device in turns.
	NeedsDevice bool `json:"needs_device,omitempty"`

	// DeviceMemory is about how many bytes of an accelerator's memory an instance
	// takes; 0: not said.
	DeviceMemory uint64 `json:"device_memory,omitempty"`

	// CodeVersion goes into cache keys. Raise it when the same configuration
	// would give other numbers than before. The binary's digest is in the key
	// of third-party plugins as well; built-ins are keyed by this alone.
	CodeVersion string `json:"code_version,omitempty"`

	// Notice is what a report has to say of every result in which the component had
	// a part, in sentences: such as that it simulates people, or draws a toy world.
	// Empty: nothing. It is in no cache key.
	Notice string `json:"notice,omitempty"`

	// Capabilities lists what instances can do beyond their kind's minimum.
	Capabilities []Capability `json:"capabilities,omitempty"`

	// Losses are the objectives that a sampler's Tune can minimise.
	Losses []Loss `json:"losses,omitempty"`

	// Tuning describes what a finetune block may say to a sampler beside losses
	// and the optimizer, such as a precision or a block of adapters. An argument
	// that every finetune block takes is not handed on.
	Tuning Schema `json:"tuning,omitzero"`
}

// ParseComponent reads a Component's JSON. A property that this version does not
// know is an error: passed over, it would be a rule that nobody keeps.
func ParseComponent(text []byte) (Component, error) { return Decode[Component](text) }

// Has reports whether instances can do something beyond their kind's minimum.
func (c Component) Has(capability Capability) bool {
	return slices.Contains(c.Capabilities, capability)
}

// isName reports whether a text may be the name of a column.
func isName(text string) bool {
	for i, r := range text {
		if (r < 'a' || r > 'z') && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return text != ""
}

// componentName is what a block's label may be; a / stands between it and its plugin.
var componentName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// references are the arguments of the component's block that are the language's own:
// what it reads or is fitted on.
func (c Component) references() []string {
	var names []string
	if c.ReadsFeatures() {
		names = append(names, "encoder")
	}
	if c.Has(Fit) {
		names = append(names, map[Kind]string{Reward: "labels", Encoder: "images", Rater: "images"}[c.Kind])
	}
	return names
}

// ReadsFeatures reports whether the component reads vectors that an encoder made.
func (c Component) ReadsFeatures() bool {
	return c.DoesRead(ReadImageFeatures) || c.DoesRead(ReadTextFeatures)
}

// DoesRead reports whether the component gets something of each image.
func (c Component) DoesRead(what Reading) bool {
	if len(c.Reads) == 0 {
		return what == ReadPixels
	}
	return slices.Contains(c.Reads, what)
}

// Reading is something of an image and its prompt that a component reads.
type Reading string

// The readings.
const (
	ReadPixels        Reading = "pixels"
	ReadImageFeatures Reading = "image_features" // an encoder's vector of the image
	ReadTextFeatures  Reading = "text_features"  // an encoder's vector of the prompt
)

// Readings returns all readings.
func Readings() []Reading { return []Reading{ReadPixels, ReadImageFeatures, ReadTextFeatures} }

// Kind says what a component is.
type Kind string

// The four kinds of component.
const (
	Sampler Kind = "sampler"
	Reward  Kind = "reward"
	Rater   Kind = "rater"
	Encoder Kind = "encoder"
)

// Kinds returns all kinds, in the order in which people are told of them.
func Kinds() []Kind { return []Kind{Sampler, Reward, Rater, Encoder} }

// Capability is something that an instance can do beyond its kind's minimum.
type Capability string

// The capabilities.
const (
	Tune       Capability = "tune"
	Precompute Capability = "precompute"
	// TuneInParts is of a component whose Tune stops after any step and goes on from
	// there in another call, with the same result as in one.
	TuneInParts Capability = "tune_in_parts"
	Fit         Capability = "fit"
	Compare     Capability = "compare"
	Texts       Capability = "texts"     // it encodes texts as well as images
	FitTexts    Capability = "fit_texts" // its Fit reads features of more texts than the images' prompts
	// CheckPrompts is of the component itself, not of its instances: it says what it
	// cannot make sense of in prompts, before anything is opened.
	CheckPrompts Capability = "check_prompts"
)

// capable says which kinds may declare a capability.
var capable = map[Capability][]Kind{
	Tune:       {Sampler},
	Precompute: {Sampler},

	TuneInParts: {Sampler},

	Fit:      {Reward, Rater, Encoder},
	Compare:  {Rater},
	Texts:    {Encoder},
	FitTexts: {Reward},

	CheckPrompts: {Sampler, Reward, Rater, Encoder},
}

// Capabilities returns all capabilities, sorted.
func Capabilities() []Capability { return slices.Sorted(maps.Keys(capable)) }

// WeightedSum is the name of the reward that the host's language has of its own.
const WeightedSum = "weighted_sum"

// Mistakes finds what is wrong with the description: unknown kinds and
// capabilities, and the mistakes of its schemas and losses. Each goes on in a
// sentence that begins with the component's name.
func (c Component) Mistakes() []string {
	var out []string
	add := func(format string, arguments ...any) { out = append(out, fmt.Sprintf(format, arguments...)) }
	if !slices.Contains(Kinds(), c.Kind) {
		add("is of an unknown kind")
	}
	if c.Name == "" {
		add("has no name")
	} else if !componentName.MatchString(c.Name) {
		add("has a name that nobody can write: one is of letters, digits, _ and -, and begins with a letter")
	}
	if c.Kind == Reward && c.Name == WeightedSum {
		add("has a name that is taken: experiments combine rewards by it")
	}
	if c.PreferredBatch < 0 {
		add("has a preferred_batch of %d: it may be 1 or more, or 0 for the usual one", c.PreferredBatch)
	}
	if len(c.Reads) > 0 && c.Kind != Reward {
		add("says what it reads, which only a reward does")
	}
	for i, what := range c.Reads {
		if !slices.Contains(Readings(), what) {
			add("reads something unknown, %q: it may be %v", what, Readings())
		}
		if slices.Contains(c.Reads[:i], what) {
			add("says twice that it reads %q", what)
		}
	}
	if len(c.Parts) > 0 && c.Kind != Reward {
		add("names parts of a score, which only a reward gives")
	}
	for i, part := range c.Parts {
		if !isName(part) {
			add("names a part %q: a name is of small letters, digits and _, and begins with a letter", part)
		}
		if slices.Contains(c.Parts[:i], part) {
			add("names the part %q twice", part)
		}
	}
	out = append(out, c.Input.mistakes(c)...)
	if c.Has(FitTexts) && !(c.Has(Fit) && c.DoesRead(ReadTextFeatures)) {
		add("declares the capability %q, which needs the capability %q and a reward that reads %q", FitTexts, Fit, ReadTextFeatures)
	}
	for i, capability := range c.Capabilities {
		if allowed, ok := capable[capability]; !ok {
			add("declares an unknown capability, %q", capability)
		} else if !slices.Contains(allowed, c.Kind) {
			add("cannot have the capability %q: it is for %v", capability, allowed)
		}
		if slices.Contains(c.Capabilities[:i], capability) {
			add("declares the capability %q twice", capability)
		}
	}
	for _, name := range c.references() {
		if _, taken := c.Schema.Attribute(name); taken {
			add("has an option %q, and that is the argument by which an experiment names its %s", name, name)
		}
	}
	for _, mistake := range c.Schema.Mistakes() {
		add("has a mistake in its schema: %s", mistake)
	}
	if len(c.Losses) > 0 && !c.Has(Tune) {
		add("lists losses without the capability %q", Tune)
	}
	if c.Has(TuneInParts) && !c.Has(Tune) {
		add("has the capability %q without %q", TuneInParts, Tune)
	}
	named := map[string]bool{}
	for _, l := range c.Losses {
		if named[l.Name] {
			add("lists the loss %q twice", l.Name)
		}
		named[l.Name] = true
		for _, mistake := range l.mistakes() {
			add("has a mistake in the loss %q: %s", l.Name, mistake)
		}
	}
	if !c.Tuning.Empty() && !c.Has(Tune) {
		add("describes a fine-tuning without the capability %q", Tune)
	}
	for _, mistake := range c.Tuning.Mistakes() {
		add("has a mistake in the schema of its fine-tuning: %s", mistake)
	}
	return out
}
