package session

import (
	"context"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Raters are the names of the experiment's rater blocks.
func (s *Session) Raters() []string {
	var names []string
	for _, rater := range s.Variants[0].Spec.Raters {
		names = append(names, rater.Name)
	}
	return names
}

// OpenRater opens a rater of the experiment, by the name of its block, outside of any
// stage, and says what it can do; nil if there is none of that name. One that is fitted in
// a stage cannot be opened. Close it.
func (s *Session) OpenRater(ctx context.Context, name string) (*client.Instance, sdk.Description, error) {
	var rater *spec.Component
	for _, one := range s.Variants[0].Spec.Raters {
		if one.Name == name {
			rater = one
		}
	}
	if rater == nil {
		return nil, sdk.Description{}, nil
	}
	if rater.Images != nil {
		return nil, sdk.Description{}, diag.Errorf(rater.Range, "This rater is fitted on images first", "Only a rater that has its weights from the start can stand in for people here.")
	}
	identity, _ := s.known.Component(rater.Kind, rater.Provided())
	if s.Host == nil {
		s.Host = s.newHost()
	}
	instance, err := s.Host.Open(ctx, client.OpenRequest{
		Kind: rater.Kind, Component: rater.Provided(), Name: rater.Name, Described: identity.Component,
		OpenRequest: sdk.OpenRequest{Config: rater.Config, Seed: s.Variants[0].Seed, Backend: s.Environment.Backend},
	})
	return instance, identity.Component, err
}
