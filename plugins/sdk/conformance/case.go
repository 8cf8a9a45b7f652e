package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Plugin is what is checked. *client.Client is one, and a host with its plugin.
type Plugin interface {
	Describe(ctx context.Context) (client.Description, error)
	Open(ctx context.Context, request client.OpenRequest) (*client.Instance, error)
	CheckPrompts(ctx context.Context, request client.CheckPromptsRequest) (sdk.PromptFindings, error)
}

// Case says how to try a component. All but Kind and Component may be empty.
type Case struct {
	Name      string // of the subtest; empty: the component's
	Kind      sdk.Kind
	Component string

	Config     json.RawMessage // empty: the schema's defaults
	Checkpoint string
	Backend    string // empty: "go"
	Seed       uint64
	// Encoder makes the vectors that a reward of features reads; nil: the kit's
	// own, of 16 numbers.
	Encoder sdk.TextEncoder

	Prompts []sdk.Prompt // empty: four prompts of the world of shapes
	// Nonsense is prompts that a component with CapabilityCheckPrompts must refuse;
	// empty: none is tried.
	Nonsense []sdk.Prompt
	Images   []sdk.Image // what rewards, raters and encoders look at; empty: plain and noisy ones of 32 x 32

	// Size is the only width and height that the component takes; 0: it takes all. Then
	// other sizes must be refused in words.
	Size [2]int

	// Tune is a job of a few steps for a sampler that can be tuned, without
	// Output and Scratch; nil: Tune is not tried.
	Tune *sdk.TuneRequest
	// Fit is a job for a reward, rater or encoder that can be fitted, without
	// Output and Scratch; Config should make it a few steps. Without sets it is
	// about the kit's own: plain images of 32 x 32 with captions, and labels of
	// them for rewards. Features that the component reads are made by Encoder. nil:
	// Fit is not tried.
	Fit *sdk.FitRequest

	// Tolerance is the relative difference that scores and vectors may show
	// between batches; 0 means 1e-5. Repeated calls must agree exactly.
	Tolerance float64
	// PixelTolerance is the difference that a channel of a drawn image may
	// show between batches, in levels of 256; 0 means none.
	PixelTolerance int
	// Patience is how soon a cancelled call must end; 0 means 30 s, for busy machines.
	Patience time.Duration

	manyTime time.Duration // 0: the constant

	component sdk.Description // filled in by filled, as is all below
	apart     *float64        // the largest relative difference between batches that was seen
	outcome   *Outcome        // what there is to say of the check that runs
}

// note keeps what a check measured.
func (c Case) note(format string, arguments ...any) {
	c.outcome.Notes = append(c.outcome.Notes, fmt.Sprintf(format, arguments...))
}

// find keeps what looks wrong and breaks no rule.
func (c Case) find(format string, arguments ...any) {
	c.outcome.Findings = append(c.outcome.Findings, fmt.Sprintf(format, arguments...))
}

// Needs says why a case cannot be tried: an option that the component requires is not
// given. nil: it can.
func Needs(component sdk.Description, one Case) error {
	_, err := openRequest(component, one)
	return err
}

// openRequest fills in what a case leaves open.
func openRequest(component sdk.Description, c Case) (client.OpenRequest, error) {
	out := client.OpenRequest{
		Kind: string(c.Kind), Component: c.Component, Described: component,
		OpenRequest: sdk.OpenRequest{Config: c.Config, Checkpoint: c.Checkpoint, Backend: c.Backend, Seed: c.Seed},
	}
	if out.Backend == "" {
		out.Backend = "go"
	}
	if out.Config == nil {
		defaults, err := defaultsOf(component.Schema)
		if err != nil {
			return client.OpenRequest{}, err
		}
		if out.Config, err = json.Marshal(defaults); err != nil {
			return client.OpenRequest{}, fmt.Errorf("write defaults: %w", err)
		}
	}
	return out, nil
}

// defaultsOf is the configuration that an empty block gives.
func defaultsOf(s sdk.Schema) (map[string]any, error) {
	out := map[string]any{}
	for _, a := range s.Attributes {
		if a.Required {
			return nil, fmt.Errorf("attribute %q is required", a.Name)
		}
		if a.Default == nil {
			out[a.Name] = nil
			continue
		}
		out[a.Name] = a.Default
	}
	for _, b := range s.Blocks {
		if b.Required {
			return nil, fmt.Errorf("block %q is required", b.Type)
		}
	}
	return out, nil
}

// filled is the case with its defaults.
func (c Case) filled(component sdk.Description) Case {
	c.component, c.apart, c.outcome = component, new(float64), new(Outcome)
	if c.Encoder == nil {
		c.Encoder = hashing{}
	}
	if len(c.Prompts) == 0 {
		c.Prompts = []sdk.Prompt{
			{Text: "a red ring", Category: "color", Slots: map[string]string{"color": "red", "object": "ring"}},
			{Text: "three moons", Category: "count", Slots: map[string]string{"count": "three", "object": "moons"}},
			{Text: "a heart in snow", Category: "background", Slots: map[string]string{"object": "heart", "background": "in snow"}},
			{Text: "two blue bars on grass", Category: "combination", Slots: map[string]string{"count": "two", "color": "blue", "object": "bars", "background": "on grass"}},
		}
	}
	if len(c.Images) == 0 {
		c.Images = testImages(c.sized(32))
	}
	if c.manyTime == 0 {
		c.manyTime = manyTime
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-5
	}
	if c.Patience == 0 {
		c.Patience = 30 * time.Second
	}
	return c
}

// sized is the size that the component takes, or a square of a side.
func (c Case) sized(side int) (width, height int) {
	if c.Size == [2]int{} {
		return side, side
	}
	return c.Size[0], c.Size[1]
}

// testImages are a few plain and noisy images.
func testImages(width, height int) []sdk.Image {
	var out []sdk.Image
	for _, plain := range [][3]byte{{0, 0, 0}, {255, 255, 255}, {220, 30, 30}, {30, 60, 220}} {
		rgb := make([]byte, 0, 3*width*height)
		for range width * height {
			rgb = append(rgb, plain[:]...)
		}
		out = append(out, sdk.Image{Width: width, Height: height, RGB: rgb})
	}
	for i := range uint32(3) {
		out = append(out, noise(width, height, i+1))
	}
	return out
}
