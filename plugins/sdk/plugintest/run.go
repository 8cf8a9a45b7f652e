package plugintest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/conformance"
)

// Case says how to try a component.
type Case = conformance.Case

// Run checks a plugin. Without cases, every component is opened with its
// schema's defaults; one that has required attributes needs a case and is
// skipped without.
func Run(t *testing.T, p sdk.Plugin, cases ...Case) {
	t.Helper()
	var opened atomic.Int64
	c := client.New(Connect(t, counting(p, &opened)), client.Options{})

	t.Run("describe", func(t *testing.T) {
		if mistakes := p.Validate(); len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		if _, err := conformance.Describe(t.Context(), c); err != nil {
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
			described, ok := descriptionOf(p, one)
			if !ok {
				t.Fatalf("the plugin has no %s %q", one.Kind, one.Component)
			}
			if err := conformance.Needs(described, one); err != nil {
				t.Skipf("give plugintest.Run a case for it: %v", err)
			}
			for _, check := range conformance.Checks(described, one) {
				t.Run(check.Name, func(t *testing.T) {
					if _, err := check.Run(t.Context(), c); err != nil {
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

// descriptionOf finds the component that a case is about.
func descriptionOf(p sdk.Plugin, one Case) (sdk.Description, bool) {
	for _, component := range p.Components {
		if component.Kind == one.Kind && component.Name == one.Component {
			return component.Description, true
		}
	}
	return sdk.Description{}, false
}
