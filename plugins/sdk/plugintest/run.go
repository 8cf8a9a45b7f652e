package plugintest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

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

	component sdk.Component // filled in by Run
}

// Run checks a plugin. Without cases, every component is opened with its
// schema's defaults; one that has required attributes needs a case and is
// skipped without.
func Run(t *testing.T, p sdk.Plugin, cases ...Case) {
	t.Helper()
	var opened atomic.Int64
	c := serve(t, counting(p, &opened))

	t.Run("describe", func(t *testing.T) {
		if err := checkDescribe(t.Context(), c, p); err != nil {
			t.Fatal(err)
		}
		if n := opened.Load(); n != 0 {
			t.Errorf("Describe opened %d instances: it must have no side effects", n)
		}
	})

	tried := map[string]bool{}
	for _, one := range cases {
		tried[key(one.Kind, one.Component)] = true
	}
	for _, component := range p.Components {
		if !tried[key(component.Kind, component.Name)] {
			cases = append(cases, Case{Kind: component.Kind, Component: component.Name})
		}
	}
	for _, one := range cases {
		name := one.Name
		if name == "" {
			name = key(one.Kind, one.Component)
		}
		t.Run(name, func(t *testing.T) {
			request, err := openRequest(p, one)
			if err != nil {
				t.Skipf("give plugintest.Run a case for it: %v", err)
			}
			for _, check := range checksOf(p, one) {
				t.Run(check.name, func(t *testing.T) {
					if err := check.run(t.Context(), c, request, one.filled(p)); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

func key(kind sdk.Kind, component string) string { return fmt.Sprintf("%s/%s", kind, component) }

// counting notes every Open of a component.
func counting(p sdk.Plugin, opened *atomic.Int64) sdk.Plugin {
	components := make([]sdk.Component, len(p.Components))
	for i, component := range p.Components {
		open := component.Open
		if open != nil {
			component.Open = func(ctx context.Context, r sdk.OpenRequest) (any, error) {
				opened.Add(1)
				return open(ctx, r)
			}
		}
		components[i] = component
	}
	p.Components = components
	return p
}

func serve(t testing.TB, p sdk.Plugin) *client.Client {
	t.Helper()
	return client.New(Connect(t, p), client.Options{})
}

// openRequest fills in what a case leaves open.
func openRequest(p sdk.Plugin, c Case) (client.OpenRequest, error) {
	component, ok := componentOf(p, c)
	if !ok {
		return client.OpenRequest{}, fmt.Errorf("the plugin has no %s %q", c.Kind, c.Component)
	}
	out := client.OpenRequest{
		Kind: string(c.Kind), Component: c.Component,
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

func componentOf(p sdk.Plugin, c Case) (sdk.Component, bool) {
	for _, component := range p.Components {
		if component.Kind == c.Kind && component.Name == c.Component {
			return component, true
		}
	}
	return sdk.Component{}, false
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
func (c Case) filled(p sdk.Plugin) Case {
	c.component, _ = componentOf(p, c)
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
		c.Images = testImages()
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-5
	}
	if c.Patience == 0 {
		c.Patience = 30 * time.Second
	}
	return c
}

// testImages are a few plain and noisy images.
func testImages() []sdk.Image {
	const side = 32
	var out []sdk.Image
	for _, plain := range [][3]byte{{0, 0, 0}, {255, 255, 255}, {220, 30, 30}, {30, 60, 220}} {
		rgb := make([]byte, 0, 3*side*side)
		for range side * side {
			rgb = append(rgb, plain[:]...)
		}
		out = append(out, sdk.Image{Width: side, Height: side, RGB: rgb})
	}
	state := uint32(1)
	for range 3 {
		rgb := make([]byte, 3*side*side)
		for i := range rgb {
			state = state*1664525 + 1013904223 // Numerical Recipes' generator: the same noise for everyone
			rgb[i] = byte(state >> 24)
		}
		out = append(out, sdk.Image{Width: side, Height: side, RGB: rgb})
	}
	return out
}
